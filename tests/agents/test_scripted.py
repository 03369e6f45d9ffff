"""Baselines, move by move."""

import jax
import jax.numpy as jnp
import pytest

from koki2.agents import greedy, oracle, stay, walker
from koki2.envs import Revealed

STAY, UP, DOWN, LEFT, RIGHT = range(5)


def move(agent, observation, key=None):
    return int(agent.act(key, None, None, observation)[1])


@pytest.mark.parametrize(
    "gx, gy, action",
    [
        (0.5, 0.25, RIGHT),
        (-0.5, 0.25, LEFT),
        (0.25, 0.5, DOWN),
        (0.25, -0.5, UP),
        (0.5, 0.5, RIGHT),  # as far both ways: along x
        (-0.5, 0.5, LEFT),
        (0.0, 0.0, STAY),
        (0.0009, -0.0009, STAY),  # below the deadband of 0.001
        (0.0, 0.0011, DOWN),
    ],
)
def test_greedy_goes_the_longer_way_first(gx, gy, action):
    assert move(greedy(), jnp.array([gx, gy, 1.0, 1.0])) == action


def test_the_walker_draws_one_of_five(key):
    drawn = jax.random.randint(jax.random.clone(key), (), 0, 5)
    assert move(walker(), None, key) == int(drawn)


def test_stay_stays():
    assert move(stay(), jnp.ones(4)) == STAY


def sees(*sources, room=(9, 9, 9, 9)):
    """What an oracle is told: (dx, dy, kind) each, kind one of food, harm, gone."""
    return Revealed(
        offset=jnp.array([[x, y] for x, y, _ in sources], jnp.int32),
        good=jnp.array([kind != "harm" for *_, kind in sources]),
        active=jnp.array([kind != "gone" for *_, kind in sources]),
        room=jnp.array(room, jnp.int32),
    )


@pytest.mark.parametrize(
    "truth, action",
    [
        (sees((3, 0, "food"), (-1, 0, "harm")), RIGHT),
        (sees((3, 0, "food"), (-2, 0, "food")), LEFT),  # the nearer
        (sees((3, 0, "food"), (1, 0, "harm"), (-5, 0, "food")), LEFT),  # harm between
        (sees((3, 0, "food"), (1, 0, "harm")), RIGHT),  # no way but through
        (sees((3, 0, "gone"), (-5, 0, "food")), LEFT),
        (sees((1, 0, "harm"), (0, 3, "gone")), STAY),  # nothing to eat
        (sees((0, 2, "food"), (0, -1, "harm")), DOWN),
    ],
)
def test_the_oracle_goes_to_food_and_round_harm(truth, action):
    assert move(oracle(), truth) == action


@pytest.mark.parametrize(
    "others, room, action",
    [
        ([], (9, 9, 9, 9), UP),  # the first free step
        ([], (0, 0, 9, 9), LEFT),  # walls north and south
        ([(-1, 0, "harm")], (0, 0, 9, 9), RIGHT),  # harm to the west
        ([(-1, 0, "harm"), (1, 0, "harm")], (0, 0, 9, 9), STAY),  # hemmed in
        ([(1, 0, "food")], (0, 0, 9, 9), RIGHT),  # straight to the neighbour
    ],
)
def test_on_food_it_steps_off_to_eat_again(others, room, action):
    truth = sees((0, 0, "food"), *others, (7, 7, "gone"), room=room)
    assert move(oracle(), truth) == action
