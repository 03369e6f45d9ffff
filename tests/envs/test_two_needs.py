"""Two needs, by hand: worked numbers a reader can check on paper.

The world is 9 cells wide and 5 high, with one food and one water; both stores fall by
1/16 a step and a meal gives 1/4, unless stated otherwise.
"""

import functools

import jax
import jax.numpy as jnp
import pytest

from koki2.envs import Care, ForagerState, two_needs, TwoNeedsConfig

STAY, UP, DOWN, LEFT, RIGHT = range(5)
UNOPTIMISED = {"xla_backend_optimization_level": 0}  # compiles faster
WORLD = dict(width=9, height=5, num_food=1, num_water=1, steps=16)
WORLD |= dict(energy_decay=1 / 16, hydration_decay=1 / 16)
FOOD, WATER = (2, 2), (6, 2)


@functools.cache
def world(**knobs):
    env = two_needs(TwoNeedsConfig(**WORLD | knobs))
    return env, jax.jit(env.step, compiler_options=UNOPTIMISED)


def being(position, energy=0.5, hydration=0.5, t=0):
    return ForagerState(
        t=jnp.int32(t),
        position=jnp.array(position, jnp.int32),
        source=jnp.array([FOOD, WATER], jnp.int32),
        store=jnp.array([energy, hydration], jnp.float32),
    )


def act(state, action=STAY, care=None, seed=0, **knobs):
    return world(**knobs)[1](jax.random.key(seed), state, jnp.int32(action), care)


def floats(values):
    return [round(float(value), 6) for value in values]


def test_food_fills_energy_and_water_hydration_and_both_go_elsewhere():
    ate, _, fed = act(being((1, 2)), RIGHT)
    drank, _, watered = act(being((7, 2)), LEFT)
    assert ate.store.tolist() == [11 / 16, 7 / 16]
    assert drank.store.tolist() == [7 / 16, 11 / 16]
    for feedback in (fed, watered):
        assert float(feedback.body.energy_gained) == 0.25 and bool(
            feedback.body.reached
        )
    assert ate.source.tolist()[0] != [*FOOD] and ate.source.tolist()[1] == [*WATER]
    assert drank.source.tolist()[0] == [*FOOD] and drank.source.tolist()[1] != [*WATER]


def test_a_full_store_takes_what_it_has_room_for_and_no_more_counts():
    after, _, feedback = act(being((1, 2), energy=1.0), RIGHT)
    assert float(after.store[0]) == 1.0 and float(feedback.body.energy_gained) == 1 / 16


def test_the_drive_is_of_both_stores():
    """(8/16)^2 + (8/16)^2 before, (5/16)^2 + (9/16)^2 after a meal."""
    _, _, feedback = act(being((1, 2)), RIGHT)
    assert float(feedback.body.drive_fall) == (64 + 64 - 25 - 81) / 256


def test_the_senses_are_a_way_to_each_and_the_stores():
    """Food is 2 of 8 cells west of (4, 2), water as far east; up is 1 of 4 cells."""
    _, seen, _ = act(being((4, 2)))
    assert seen.tolist() == [-0.25, 0.0, 0.25, 0.0, 7 / 16, 7 / 16]
    _, seen, _ = act(being((4, 2)), UP)
    assert seen.tolist()[:4] == [-0.25, 0.25, 0.25, 0.25]


@pytest.mark.parametrize("needs", [(1 / 16, 1.0), (1.0, 1 / 16)])
def test_either_store_kills_when_empty_however_full_the_other(needs):
    _, _, feedback = act(being((4, 0), *needs))
    assert bool(feedback.terminated) and not bool(feedback.truncated)
    _, _, feedback = act(being((4, 0), 0.5, 0.5, t=15))
    assert not bool(feedback.terminated) and bool(feedback.truncated)


def test_who_only_eats_dies_of_thirst():
    """Off the food and on again, where the next always is at hand."""
    state, feedback = being((1, 2), 1.0, 1.0), None
    for nth in range(16):
        state = being(FOOD if nth % 2 else (1, 2), *state.store.tolist(), t=nth)
        state, _, feedback = act(state, LEFT if nth % 2 else RIGHT)
    assert bool(feedback.terminated)
    assert state.store.tolist() == [15 / 16, 0.0]  # a step since the last meal


def test_care_makes_meals_richer_and_both_needs_slower():
    """Energy 1/2 - 1/32 + 1/8; neither store falls below the buffer."""
    half, quarter = jnp.float32(0.5), jnp.float32(0.25)
    care = Care(metabolism=half, buffer=quarter, richness=half, hazard=half)
    fed, _, _ = act(being((1, 2)), RIGHT, care)
    assert fed.store.tolist() == [19 / 32, 15 / 32]
    thin, _, feedback = act(being((4, 0), 0.25, 0.25), STAY, care)
    assert thin.store.tolist() == [0.25, 0.25] and not bool(feedback.terminated)


def test_the_truth_is_what_a_meal_is_worth_to_the_body_as_it_is():
    """Waiting leaves (3/16, 11/16); food then saves 13^2 - 9^2, water 5^2 - 1^2."""
    truth = world()[0].privileged_state(being((4, 2), 4 / 16, 12 / 16))
    assert truth.worth.tolist() == [88 / 256, 24 / 256]
    assert truth.kind.tolist() == [0, 1] and world()[0].kinds == ("food", "water")


@pytest.mark.parametrize(
    "energy, hydration, action", [(0.5, 0.4, RIGHT), (0.4, 0.5, LEFT), (1, 1, LEFT)]
)
def test_the_competent_policy_goes_for_the_emptier_store(energy, hydration, action):
    memory, choose = world()[0].competent
    senses = jnp.array([-0.25, 0.0, 0.25, 0.0, energy, hydration])
    assert int(choose(None, memory, senses)[1]) == action
