"""Hazard zones, by hand: worked numbers a reader can check on paper.

Unless stated otherwise the world is 9 cells wide and 6 high, one zone of radius 1 lies
round (6, 2), a quarter of integrity is lost per step in it, and living costs nothing.
"""

import functools

import jax
import jax.numpy as jnp
import pytest

from koki2.envs import ForagerState, hazard_zones, HazardZonesConfig

STAY, UP, DOWN, LEFT, RIGHT = range(5)
UNOPTIMISED = {"xla_backend_optimization_level": 0}  # compiles faster
WORLD = dict(width=9, height=6, num_zones=1, zone_radius=1, zone_loss=0.25)
WORLD |= dict(num_sources=1, steps=8, energy_decay=0.0, food_lasts=0)
FAR = [(0, 5)]


@functools.cache
def stepper(**knobs):
    return jax.jit(
        hazard_zones(HazardZonesConfig(**WORLD | knobs)).step,
        compiler_options=UNOPTIMISED,
    )


def being(position, source=FAR, zone=((6, 2),), **needs):
    return ForagerState(
        t=jnp.int32(needs.get("t", 0)),
        position=jnp.array(position, jnp.int32),
        source=jnp.array(source, jnp.int32),
        extra=jnp.array(zone, jnp.int32),
        energy=jnp.float32(needs.get("energy", 0.5)),
        integrity=jnp.float32(needs.get("integrity", 1.0)),
    )


def walk(actions, state, care=None, **knobs):
    keys = jax.random.split(jax.random.key(0), len(actions))
    seen = []
    for key, action in zip(keys, actions, strict=True):
        state, observation, feedback = stepper(**knobs)(
            key, state, jnp.int32(action), care
        )
        seen.append((state, observation, feedback))
    return zip(*seen, strict=True)


def floats(values):
    return [round(float(value), 6) for value in values]


def test_each_step_in_a_zone_costs_and_the_fourth_kills():
    """(5, 2) is on the rim, (6, 2) the centre, (4, 2) outside again."""
    states, _, feedback = walk([RIGHT, RIGHT, LEFT, LEFT, RIGHT], being((4, 2)))
    assert floats(s.integrity for s in states) == [0.75, 0.5, 0.25, 0.25, 0.0]
    assert [int(f.body.bad_arrivals) for f in feedback] == [
        1,
        0,
        0,
        0,
        1,
    ]  # zones entered
    assert [bool(f.terminated) for f in feedback] == [False] * 4 + [True]


def test_overlapping_zones_are_no_worse_than_one():
    two = being((5, 2), zone=((6, 2), (6, 2)))
    (state,), _, _ = walk([STAY], two, num_zones=2)
    assert float(state.integrity) == 0.75


def test_starving_terminates_and_the_clock_truncates():
    hungry = being((1, 1), energy=0.5, t=6)
    _, _, feedback = walk([STAY, STAY], hungry, energy_decay=0.25)
    assert [bool(f.terminated) for f in feedback] == [False, True]
    assert [bool(f.truncated) for f in feedback] == [False, True]


def test_food_in_a_zone_feeds_and_harms():
    """The drive: (1 - 0.5)^2 before, (1 - 0.8)^2 + (1 - 0.75)^2 = 0.1025 after."""
    (state,), _, (feedback,) = walk([RIGHT], being((4, 2), [(5, 2)]))
    assert floats([state.energy, state.integrity]) == [0.8, 0.75]
    assert floats([feedback.body.energy_gained, feedback.body.integrity_lost]) == [
        0.3,
        0.25,
    ]
    assert round(float(feedback.body.drive_fall), 6) == 0.1475 and bool(
        feedback.body.reached
    )


def test_the_senses_are_the_straight_way_to_food_and_danger_on_four_sides():
    """Food 4 of 8 cells east; of the sides of (4, 2) the eastern is in the zone."""
    state = being((4, 2), [(8, 2)])
    _, (seen,), _ = walk([STAY], state)
    assert floats(seen) == [0.5, 0.0, 0.5, 1.0, 0.0, 0.0, 0.0, 1.0]
    _, (seen,), _ = walk([STAY], state, feels_danger=False)
    assert floats(seen) == [0.5, 0.0, 0.5, 1.0]


def test_a_zone_that_is_not_next_to_one_cannot_be_sensed():
    """Two lives that differ only in where the zone is, two cells off or far away."""
    near, far = being((3, 2)), being((3, 2), zone=((7, 5),))
    (_, (one,), _), (_, (other,), _) = walk([STAY], near), walk([STAY], far)
    assert floats(one) == floats(other)


@pytest.mark.parametrize("t, stay", [(2, [0, 1]), (1, [0]), (0, [0, 1]), (3, [1])])
def test_food_that_is_not_eaten_goes_one_by_one(t, stay):
    """Of two that last 4 steps, the second goes at t = 2, 6, the first at 4, 8."""
    places = [(1, 5), (8, 5)]
    state = being((0, 0), places, t=t)
    (after,), _, _ = walk([STAY], state, num_sources=2, food_lasts=4)
    assert [k for k in range(2) if tuple(after.source[k].tolist()) == places[k]] == stay


def test_no_agent_is_born_in_a_zone():
    env = hazard_zones(HazardZonesConfig(num_zones=8))
    states, _ = jax.jit(jax.vmap(env.init), compiler_options=UNOPTIMISED)(
        jax.random.split(jax.random.key(0), 64)
    )
    offset = states.extra - states.position[:, None]
    assert int(jnp.min(jnp.sum(offset**2, axis=2))) > 3**2


def test_the_truth_shows_the_danger_of_every_cell():
    truth = hazard_zones(HazardZonesConfig(**WORLD)).privileged_state(being((4, 2)))
    harmful = {(6, 1), (5, 2), (6, 2), (7, 2), (6, 3)}  # x, y
    rows, columns = jnp.nonzero(truth.danger == 0.25)
    assert set(zip(columns.tolist(), rows.tolist(), strict=True)) == harmful
    assert truth.danger.shape == (6, 9) and float(jnp.sum(truth.danger)) == 1.25


def test_the_competent_policy_goes_round_and_eats_unharmed():
    """Food is straight behind the zone: 7 cells off, and 2 more round the rim."""
    env = hazard_zones(HazardZonesConfig(**WORLD | dict(steps=32)))
    state = being((2, 2), [(8, 2)], zone=((5, 2),))
    memory, choose = env.competent
    observation = jnp.array([0.75, 0.0, 0.5, 1.0, 0.0, 0.0, 0.0, 0.0])
    eaten = 0.0
    for key in jax.random.split(jax.random.key(0), 10):
        memory, action = choose(key, memory, observation)
        state, observation, feedback = stepper(steps=32)(key, state, action)
        eaten += float(feedback.body.energy_gained)
        if eaten:
            break
    assert round(eaten, 6) == 0.3 and float(state.integrity) == 1.0


def test_a_map_too_small_for_its_zones_is_refused():
    with pytest.raises(ValueError, match="need a map of 14 cells each way"):
        HazardZonesConfig(width=13)
