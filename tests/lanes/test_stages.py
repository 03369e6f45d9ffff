"""A step cut into stages is the same step: nothing is used before it is there."""

import jax
import jax.numpy as jnp
import pytest
from bits import assert_same_bits
from hypothesis import given, settings, strategies as st
from lanes_of_tests import mostly_slow

from koki2.agents import AgentConfig, make
from koki2.agents.topology import random_topology
from koki2.envs import LEVELS, make as make_env
from koki2.evolution.episode import episode
from koki2.genomes import direct
from koki2.lanes import lane_form, over_lanes
from koki2.lanes.inline import Flat, inline, numbers
from koki2.lanes.stages import plan


def operations(function, *args) -> Flat:
    """Every operation, calls opened."""
    return inline(jax.make_jaxpr(function)(*args))


def assert_in_order(ops, stages):
    made = {}
    for op, stage in zip(ops, stages, strict=True):
        for value in numbers(op.inputs):
            assert made.get(value, 0) <= stage, "an operand of a later stage"
        made.update(dict.fromkeys(op.outputs, stage))


def program(moves):
    """Dear and cheap operations on values made before, as Hypothesis chose them."""

    def run(x):
        made = [x]
        for kind, a, b in moves:
            a, b = made[a % len(made)], made[b % len(made)]
            made.append([jnp.tanh(a), a + b, a * b, jnp.exp(-a * a)][kind])
        return made[-1], made[len(made) // 2]

    return run


MOVES = st.tuples(st.integers(0, 3), st.integers(0, 99), st.integers(0, 99))


@settings(max_examples=100, deadline=None)
@given(moves=st.lists(MOVES, max_size=30))
def test_no_operand_comes_from_a_later_stage(moves):
    flat = operations(program(moves), jnp.ones(3))
    assert_in_order(flat.ops, plan(flat.ops, flat.outputs))


@pytest.mark.parametrize(
    "name", mostly_slow(LEVELS, "obstacles-l1.2", "chemotaxis-l0.2")
)
def test_nor_in_the_step_of_any_world(name, key):
    config = AgentConfig(n_neurons=8, k_edges=2, plast_enabled=True)
    env = make_env(LEVELS[name].config)
    life = episode(env, make(config, random_topology(0, 8, 2), env.steps))
    genome = direct(config, env.observation_size, env.num_actions)
    params = jax.eval_shape(genome.develop, key, jnp.zeros(genome.size))
    world, observation, key_life = jax.eval_shape(life.reset, jax.random.key(1))
    start = jax.eval_shape(life.start, world, observation, params)
    flat = operations(life.step, key_life, jnp.int32(0), params, start)
    stages = plan(flat.ops, flat.outputs)
    assert_in_order(flat.ops, stages)
    assert max(stages) > 0, "what several need is not shared"


def test_stages_change_no_number(key):
    """Integers, for floats may be contracted differently in another program."""

    def draws(key, x):
        key_a, key_b = jax.random.split(key)
        a, b = (jax.random.randint(k, (2,), 0, 100) for k in (key_a, key_b))
        return a + b[::-1], a * x, jnp.sum(b) + x

    keys, x = jax.random.split(key, 4), jnp.arange(4)
    args = lambda: (jax.random.clone(keys), x)
    whole = jax.jit(over_lanes(draws, 1))(*args())
    staged = jax.jit(
        lambda true, *args: over_lanes(draws, 1, opaque_predicate=true)(*args)
    )
    assert_same_bits(staged(jnp.array(True), *args()), whole)


def test_a_stage_is_traced_once():
    """Of two stages: `doubled` is dear and read by two dear operations."""
    traced = []

    def lanes(axes, x):
        traced.append(x)
        return 2.0 * x

    def step(x):
        doubled = lane_form(lambda x: 2.0 * x, lanes, x)
        return jnp.exp(doubled), jnp.sin(doubled)

    flat = operations(step, jnp.float32(0.0))
    assert plan(flat.ops, flat.outputs) == [0, 1, 1]
    staged = lambda true, x: over_lanes(step, 1, opaque_predicate=true)(x)
    jaxpr = jax.make_jaxpr(staged)(jnp.array(True), jnp.arange(3.0)).jaxpr
    assert [eqn.primitive.name for eqn in jaxpr.eqns].count("cond") == 1
    assert len(traced) == 1
