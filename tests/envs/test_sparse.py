"""A sparse world, by hand: worked numbers a reader can check on paper.

The world is 32 cells wide and 16 high, one source is smelled from 4 cells away, and
living costs nothing unless stated otherwise.
"""

import functools

import jax
import jax.numpy as jnp
import pytest

from koki2.envs import Care, ForagerState, sparse, SparseConfig

STAY, UP, DOWN, LEFT, RIGHT = range(5)
UNOPTIMISED = {"xla_backend_optimization_level": 0}  # compiles faster
WORLD = dict(width=32, height=16, num_sources=1, smell_range=4)
WORLD |= dict(steps=64, energy_decay=0.0)


@functools.cache
def world(**knobs):
    env = sparse(SparseConfig(**WORLD | knobs))
    return env, jax.jit(env.step, compiler_options=UNOPTIMISED)


def being(position, source, energy=0.5, t=0):
    return ForagerState(
        t=jnp.int32(t),
        position=jnp.array(position, jnp.int32),
        source=jnp.array([source], jnp.int32),
        energy=jnp.float32(energy),
    )


def act(state, action=STAY, care=None, **knobs):
    return world(**knobs)[1](jax.random.key(0), state, jnp.int32(action), care)


def floats(values):
    return [round(float(value), 6) for value in values]


@pytest.mark.parametrize(
    "source, gradient",
    [
        ((12, 8), [0.5, 0.0]),  # 2 of 4 cells
        ((14, 8), [1.0, 0.0]),  # just within range
        ((15, 8), [0.0, 0.0]),
        ((13, 11), [0.0, 0.0]),  # 9 + 9 is more than 16
        ((12, 11), [0.5, 0.75]),
    ],
)
def test_beyond_its_range_nothing_is_smelled(source, gradient):
    _, seen, _ = act(being((10, 8), source))
    assert floats(seen[:3]) == [*gradient, 0.5]


@pytest.mark.parametrize(
    "cell, observed",
    [((0, 0), [1, 0, 1, 0]), ((31, 15), [0, 1, 0, 1]), ((1, 14), [0, 0, 0, 0])],
)
def test_the_edge_of_the_world_is_observed(cell, observed):
    _, seen, _ = act(being(cell, (16, 8)))
    assert seen[3:].tolist() == observed


def test_arriving_pays_and_the_source_is_elsewhere():
    state, _, feedback = act(being((10, 8), (11, 8), energy=0.25), RIGHT)
    assert floats([state.energy, feedback.body.energy_gained]) == [0.75, 0.5]
    assert bool(feedback.body.reached) and state.source.tolist() != [[11, 8]]


def test_starving_terminates_and_the_clock_truncates():
    _, _, feedback = act(being((1, 1), (9, 9), t=63), energy_decay=0.25)
    assert not bool(feedback.terminated) and bool(feedback.truncated)
    _, _, feedback = act(being((1, 1), (9, 9)), energy_decay=0.5)
    assert bool(feedback.terminated) and not bool(feedback.truncated)
    assert SparseConfig().energy_init / SparseConfig().energy_decay == 80.0


def test_care_makes_meals_richer_and_hunger_slower():
    one = jnp.float32(1.0)
    care = Care(metabolism=one / 2, buffer=one / 4, richness=one / 2, hazard=one)
    fed, _, _ = act(being((10, 8), (11, 8)), RIGHT, care, energy_decay=0.5)
    assert float(fed.energy) == 0.5 - 0.25 + 0.25
    thin, _, feedback = act(being((1, 1), (9, 9)), STAY, care, energy_decay=1.0)
    assert float(thin.energy) == 0.25 and not bool(feedback.terminated)


def test_the_truth_knows_what_is_out_of_range():
    truth = world()[0].privileged_state(being((0, 0), (31, 15)))
    assert truth.source.tolist() == [[31, 15]] and floats(truth.worth) == [0.5]


def test_the_competent_policy_mows_the_map_and_leaves_its_row_for_food():
    """East along row 4 to the edge, 8 rows down, west: 2 + 8 + 3 steps; then food."""
    env, step = world()
    memory, choose = env.competent
    state = being((29, 4), (25, 14))
    observation = act(state)[1]
    path, meal = [], 0.0
    for key in jax.random.split(jax.random.key(0), 16):
        memory, action = choose(None, memory, observation)
        state, observation, feedback = step(key, state, action)
        path.append(tuple(state.position.tolist()))
        meal += float(feedback.body.energy_gained)
    assert path[1] == (31, 4) and path[9] == (31, 12) and path[12] == (28, 12)
    assert path[15] == (25, 12) or meal == 0.0  # three more cells, then down
    memory, action = choose(None, memory, observation)
    assert int(action) in (LEFT, DOWN)
