"""Baselines: what each does in places one can draw.

Actions: 0 stay, 1 up (y - 1), 2 down, 3 left, 4 right.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from koki2.agents import greedy, stay, straight_planner, walker
from koki2.envs import chemotaxis, ChemotaxisConfig, PrivilegedState

STAY, UP, DOWN, LEFT, RIGHT = range(5)


@functools.cache
def acting(make, *args):
    agent = make(*args)
    return jax.jit(lambda key, observation: agent.act(key, None, None, observation)[1])


def choice(agent, observation, seed=0):
    """What an agent, a factory and what it takes, does."""
    return acting(*agent)(jax.random.key(seed), observation).item()


@pytest.mark.parametrize(
    "gx, gy, action",
    [
        (0.3, 0.1, RIGHT),
        (-0.3, 0.1, LEFT),
        (0.1, 0.3, DOWN),
        (0.1, -0.3, UP),
        (0.2, -0.2, RIGHT),  # x wins ties
        (-0.2, 0.2, LEFT),
        (0.0, 0.0, STAY),
        (0.0009, -0.0009, STAY),  # below the deadband of 1/1000
        (0.0, -0.0011, UP),
    ],
)
def test_greedy_follows_the_larger_component(gx, gy, action):
    assert choice([greedy], jnp.array([gx, gy, 1.0, 1.0])) == action


def test_the_walker_draws_its_action_from_the_key_and_nothing_else():
    for seed in range(20):
        drawn = jax.random.randint(jax.random.key(seed), (), 0, 5)
        assert choice([walker], jnp.ones(4), seed) == drawn.item()


def test_who_stays_stays():
    assert choice([stay], jnp.array([1.0, 1.0, 0.0, 0.0])) == STAY


def asked(known):
    """What the planner does, in a world as large as its room."""
    size, truth = known
    return choice([straight_planner, size], truth)


def truth(food=(), harm=(), gone=(), room=(9, 9, 9, 9)):
    """What the planner knows: offsets to food, to harm and to food that is away."""
    up, down, left, right = room
    size = left + 1 + right, up + 1 + down
    offsets = [*food, *harm, *gone]
    good = [True] * len(food) + [False] * len(harm) + [True] * len(gone)
    here = [True] * (len(food) + len(harm)) + [False] * len(gone)
    return size, PrivilegedState(
        position=jnp.array([left, up], jnp.int32),
        source=jnp.array(np.add(offsets, [[left, up]]), jnp.int32),
        worth=jnp.array(np.where(good, 0.1, -0.1), jnp.float32),
        active=jnp.array(here),
        needs=jnp.ones(2),
    )


@pytest.mark.parametrize(
    "known, action",
    [
        (truth(food=[(-3, 0), (2, 0)]), RIGHT),  # the nearer
        (truth(food=[(-2, 0), (2, 0)]), LEFT),  # as near: the first
        (truth(food=[(-3, 0)], harm=[(1, 0)]), LEFT),  # never to harm
        (truth(food=[(-3, 0)], gone=[(1, 0)]), LEFT),  # nor to what is away
        (truth(harm=[(1, 0)]), STAY),  # nothing to go for
        (truth(food=[(2, 0), (0, 5)], harm=[(1, 0)]), DOWN),  # harm on the row
        (truth(food=[(0, -2), (5, 0)], harm=[(0, -1)]), RIGHT),  # on the column
        (truth(food=[(2, 0), (-5, 0)], harm=[(2, 0)]), LEFT),  # under the food
        (truth(food=[(2, 0), (-5, 0)], harm=[(3, 0)]), RIGHT),  # behind it
        (truth(food=[(2, 0), (-5, 0)], harm=[(1, 1)]), RIGHT),  # beside the way
    ],
)
def test_the_planner_goes_to_the_nearest_food_that_no_harm_lies_before(known, action):
    assert asked(known) == action


def test_the_planner_does_not_step_on_harm_that_it_can_walk_round():
    assert asked(truth(food=[(1, 3)], harm=[(0, 1)])) == RIGHT


@pytest.mark.parametrize(
    "known, action",
    [
        (truth(food=[(0, 0)]), UP),
        (truth(food=[(0, 0)], harm=[(0, -1)]), DOWN),
        (truth(food=[(0, 0)], room=(0, 0, 3, 3)), LEFT),  # one cell high
        (truth(food=[(0, 0)], harm=[(-1, 0)], room=(0, 0, 3, 3)), RIGHT),
        (truth(food=[(0, 0)], harm=[(-1, 0), (1, 0)], room=(0, 0, 3, 3)), STAY),
        (truth(food=[(0, 0), (1, 0)]), RIGHT),  # the neighbour feeds too
    ],
)
def test_on_its_food_the_planner_steps_to_where_it_is_free(known, action):
    assert asked(known) == action


def test_stepping_off_and_on_feeds_every_other_step():
    config = ChemotaxisConfig(width=5, height=5, energy_gain=0.125)
    env = chemotaxis(config)
    step, state = jax.jit(env.step), jax.jit(env.init)(jax.random.key(0))[0]
    state = state.replace(source=jnp.array([[4, 2]], jnp.int32))  # two to the right
    meals = []
    for seed in range(6):
        action = jnp.int32(
            choice([straight_planner, env.size], env.privileged_state(state))
        )
        state, _, felt = step(jax.random.key(seed), state, action)
        meals.append(felt.body.energy_gained.item())
    np.testing.assert_array_equal(meals, [0, 0.125, 0, 0.125, 0, 0.125])
