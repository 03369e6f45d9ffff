"""Seasons, by hand: worked numbers a reader can check on paper.

The world is 9 cells wide, the west being columns 0 to 3, and 5 high; a year is 8 steps,
of which the west is rich in the first 4. One source lies west, one east, and living
costs nothing unless stated otherwise.
"""

import functools

import jax
import jax.numpy as jnp
import pytest

from koki2.envs import ForagerState, seasons, SeasonsConfig

STAY, UP, DOWN, LEFT, RIGHT = range(5)
UNOPTIMISED = {"xla_backend_optimization_level": 0}  # compiles faster
WORLD = dict(width=9, height=5, period=8, num_sources=2, steps=16, energy_decay=0.0)
WEST, EAST = (1, 2), (7, 2)


@functools.cache
def world(**knobs):
    env = seasons(SeasonsConfig(**WORLD | knobs))
    return env, jax.jit(env.step, compiler_options=UNOPTIMISED)


def being(position, t=0, born=0, energy=0.5):
    return ForagerState(
        t=jnp.int32(t),
        position=jnp.array(position, jnp.int32),
        source=jnp.array([WEST, EAST], jnp.int32),
        extra=jnp.int32(born),
        energy=jnp.float32(energy),
    )


def act(state, action=STAY, care=None, seed=0, **knobs):
    return world(**knobs)[1](jax.random.key(seed), state, jnp.int32(action), care)


def floats(values):
    return [round(float(value), 6) for value in values]


@pytest.mark.parametrize(
    "t, born, west, east",
    [
        (0, 0, 0.3, 0.0),
        (3, 0, 0.3, 0.0),
        (4, 0, 0.0, 0.3),  # the first step of the eastern half of the year
        (7, 0, 0.0, 0.3),
        (8, 0, 0.3, 0.0),
        (0, 4, 0.0, 0.3),  # born half a year later
        (2, 7, 0.3, 0.0),  # 9 steps into years of 8
    ],
)
def test_only_the_half_in_season_feeds(t, born, west, east):
    for start, action, gain in (((0, 2), RIGHT, west), ((8, 2), LEFT, east)):
        state = being(start, t, born)
        after, _, feedback = act(state, action)
        assert floats([feedback.body.energy_gained, after.energy]) == [gain, 0.5 + gain]
        assert (
            bool(feedback.body.reached)
            == (gain > 0)
            == (int(feedback.body.bad_arrivals) == 0)
        )
        rich = world()[0].privileged_state(state).worth > 0
        assert rich.tolist() == [west > 0, east > 0]


def test_out_of_season_may_feed_a_little():
    _, _, feedback = act(being((8, 2)), LEFT, energy_gain_off=0.125)
    assert float(feedback.body.energy_gained) == 0.125 and not bool(
        feedback.body.reached
    )


def test_what_is_tasted_is_elsewhere_in_its_half_in_season_or_not():
    for seed in range(8):
        after, _, _ = act(being((0, 2)), RIGHT, seed=seed)
        again, _, _ = act(being((8, 2)), LEFT, seed=seed)
        assert after.source[0, 0] < 4 and tuple(after.source[1].tolist()) == EAST
        assert again.source[1, 0] >= 4 and tuple(again.source[0].tolist()) == WEST
    env = seasons(SeasonsConfig(num_sources=6))
    states, _ = jax.jit(jax.vmap(env.init), compiler_options=UNOPTIMISED)(
        jax.random.split(jax.random.key(0), 64)
    )
    x = states.source[..., 0]
    assert int(jnp.max(x[:, :3])) == 7 and int(jnp.min(x[:, 3:])) == 8


def test_the_senses_are_way_energy_and_place_and_not_the_season():
    """From (0, 2) the western source is 1 of 8 cells east; that is the western edge."""
    summer, winter = (act(being((0, 2), born=born))[1] for born in (0, 4))
    assert floats(summer) == floats(winter) == [0.125, 0.0, 0.5, -1.0]


@pytest.mark.parametrize("t, cue", [(1, 1.0), (3, 0.0), (5, -1.0), (7, 0.0)])
def test_the_cue_is_a_slow_sine_of_the_year_where_it_is_on(t, cue):
    """Felt after the step: 2, 4, 6 and 8 steps into the year of 8."""
    _, seen, _ = act(being((0, 2), t), season_cue=True)
    assert abs(float(seen[4]) - cue) < 1e-6


def test_starving_terminates_and_the_clock_truncates():
    _, _, feedback = act(being((0, 0), t=15), energy_decay=0.25)
    assert not bool(feedback.terminated) and bool(feedback.truncated)
    _, _, feedback = act(being((0, 0)), energy_decay=0.5)
    assert bool(feedback.terminated) and not bool(feedback.truncated)


def test_the_competent_policy_goes_over_when_food_feeds_no_more():
    """It bites in the west, once well fed and once not; then heads east, not west."""
    memory, choose = world()[0].competent
    done = []
    senses = [
        [0.125, 0.0, 0.5, -0.75],  # food next to it, east
        [0.125, 0.0, 0.8, -0.5],  # it fed; and the next is near, too
        [-0.125, 0.0, 0.775, -0.25],  # it did not: over to the east,
        [-0.25, 0.0, 0.75, 0.0],  # past western food
        [0.0, 0.25, 0.725, 0.25],  # to what lies there
    ]
    for seen in senses:
        memory, action = choose(None, memory, jnp.array(seen))
        done.append(int(action))
    assert done == [RIGHT, RIGHT, RIGHT, RIGHT, DOWN]
