"""Obstacles (L1.2): walls, doors, and food one cannot walk straight to.

Two rooms three cells wide, a wall in column 3 with its door in row 0, five rows:

    . . . D . . .
    . . . # . . .
    . a . # . f .     a is the agent, f the food
    . . . # . . .
    . . . # . . .
"""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from koki2.envs import obstacles, ObstaclesConfig

STAY, UP, DOWN, LEFT, RIGHT = range(5)
CONFIG = ObstaclesConfig(
    rooms=2, room_width=3, height=5, num_sources=1, energy_gain=0.25, energy_decay=0.125
)
ENV = obstacles(CONFIG)
INIT, STEP = jax.jit(ENV.init), jax.jit(ENV.step)


def being(position, food=(5, 2), energy=0.5, door=0):
    state, _ = INIT(jax.random.key(0))
    return dataclasses.replace(
        state,
        position=jnp.array(position, jnp.int32),
        source=jnp.array([food], jnp.int32),
        energy=jnp.float32(energy),
        extra=jnp.array([[door]], jnp.int32),
    )


def walk(state, actions):
    path, feedback = [], None
    for i, action in enumerate(actions):
        state, seen, feedback = STEP(jax.random.key(i), state, jnp.int32(action))
        path.append(tuple(state.position.tolist()))
    return path, seen, feedback, state


def test_a_wall_holds_one_back_and_its_door_lets_one_through():
    path, *_ = walk(being((2, 1)), [RIGHT, UP, RIGHT, RIGHT, DOWN, LEFT])
    assert path == [(2, 1), (2, 0), (3, 0), (4, 0), (4, 1), (4, 1)]


def test_in_a_door_the_wall_is_above_and_below():
    path, seen, *_ = walk(being((2, 0)), [RIGHT, DOWN])
    assert path == [(3, 0), (3, 0)]
    assert seen[3:].tolist() == [1, 1, 0, 0]  # the edge above, the wall below


def test_the_edge_of_the_world_holds_one_back():
    path, seen, *_ = walk(being((0, 4)), [LEFT, DOWN])
    assert path == [(0, 4), (0, 4)] and seen[3:].tolist() == [0, 1, 1, 0]


def test_the_gradient_points_through_walls():
    """4 of 6 steps east, none north."""
    _, seen, *_ = walk(being((1, 2)), [STAY])
    np.testing.assert_allclose(seen[:3], [4 / 6, 0.0, 0.375], rtol=1e-6)


def test_eating_feeds_once_and_the_food_is_elsewhere_and_never_in_a_wall():
    _, _, feedback, state = walk(being((4, 2)), [RIGHT])
    assert float(feedback.body.energy_gained) == 0.25 and bool(feedback.body.reached)
    assert float(state.energy) == 0.5 - 0.125 + 0.25
    start = being((4, 2))
    fresh = jax.jit(jax.vmap(lambda key: STEP(key, start, jnp.int32(RIGHT))[0]))
    places = fresh(jax.random.split(jax.random.key(0), 512)).source[:, 0]
    assert set(places[:, 0].tolist()) == {0, 1, 2, 4, 5, 6}
    assert set(places[:, 1].tolist()) == {0, 1, 2, 3, 4}


def test_without_food_one_starves_before_the_clock():
    _, _, feedback, _ = walk(being((1, 2)), [STAY] * 4)
    assert bool(feedback.terminated) and not bool(feedback.truncated)


def test_the_competent_policy_finds_the_door():
    state, memory = being((1, 2), energy=1.0), ENV.competent.memory
    choose = jax.jit(ENV.competent.choose)
    _, seen, *_ = walk(state, [STAY])
    path = []
    for step in range(12):
        key = jax.random.key(step)
        memory, action = choose(key, memory, seen)
        state, seen, feedback = STEP(jax.random.clone(key), state, action)
        path.append(tuple(state.position.tolist()))
        if bool(feedback.body.energy_gained > 0):
            break
    assert (3, 0) in path and path[-1] == (5, 2)  # down, turns, up, through, eats


def test_the_truth_shows_the_walls():
    wall = np.asarray(ENV.privileged_state(being((1, 2))).wall)
    assert wall[:, 3].tolist() == [False, True, True, True, True]
    assert wall.sum() == 4


@pytest.mark.parametrize("rooms, width", [(1, 3), (4, 15)])
def test_walls_add_to_the_width(rooms, width):
    assert ObstaclesConfig(rooms=rooms).width == width
