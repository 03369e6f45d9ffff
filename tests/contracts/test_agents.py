"""What every agent promises: the baselines, and the spiking one in each of its forms.

Each lives sixteen steps in a small world with food and harm in it, compiled once. The
spiking ones are lively: their genes are ten times those a search starts from.
"""

import dataclasses
import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from bits import assert_same_bits, leaves, types

from koki2 import agents, envs
from koki2.evolution.lifetime import Life, Lifetime, lifetime
from koki2.genomes import direct

STEPS = 16
UNOPTIMISED = {"xla_backend_optimization_level": 0}  # compiles faster
WORLD = envs.chemotaxis(
    envs.ChemotaxisConfig(
        width=3,
        num_sources=3,
        num_bad_sources=1,
        bad_source_integrity_loss=0.1,
        steps=STEPS,
    )
)
SPIKING = agents.AgentConfig(n_neurons=8, k_edges=4)
PLASTIC = dataclasses.replace(SPIKING, plast_enabled=True, plast_eta=0.5)
SCRIPTED = {
    "greedy": agents.greedy,
    "random": agents.walker,
    "stay": agents.stay,
    "oracle": lambda: agents.oracle(WORLD.size),
    "navigator": lambda: agents.navigator(WORLD.size),
}
KINDS = ("spike", "drive", "event")


class Case(NamedTuple):
    agent: agents.Agent
    params: Any
    life: Lifetime
    live: Any  # key -> Life after each step, under jit


@functools.cache
def spiking_case(config):
    genome = direct(config, WORLD.observation_size, WORLD.num_actions)
    genes = 10 * genome.init(jax.random.key(44))
    wiring = agents.random_topology(0, config.n_neurons, config.k_edges)
    return finish(
        agents.spiking(config, wiring), genome.develop(jax.random.key(0), genes)
    )


@functools.cache
def scripted_case(name):
    return finish(SCRIPTED[name](), None)


def finish(agent, params):
    life = lifetime(WORLD, agent)

    def live(key):
        world, observation, key_life = life.world_birth(key)
        start = life.birth(world, observation, params)

        def step(now, t):
            now = life.step(key_life, t, params, now)
            return now, now

        times = jnp.arange(STEPS, dtype=jnp.int32)
        return jax.lax.scan(step, start, times)[1]

    return Case(agent, params, life, jax.jit(live, compiler_options=UNOPTIMISED))


def plastic(kind, **knobs):
    return spiking_case(dataclasses.replace(PLASTIC, modulator_kind=kind, **knobs))


CASES = {name: functools.partial(scripted_case, name) for name in SCRIPTED}
CASES["spiking"] = functools.partial(spiking_case, SPIKING)
CASES |= {f"plastic {kind}": functools.partial(plastic, kind) for kind in KINDS}


@pytest.fixture(params=CASES)
def case(request):
    return CASES[request.param]()


def test_same_key_same_life(case, key):
    assert_same_bits(case.live(key), case.live(jax.random.clone(key)))


def test_every_step_takes_one_of_the_actions_there_are(case, key):
    taken = case.live(key).tally.actions
    assert taken.shape == (STEPS, WORLD.num_actions)
    np.testing.assert_array_equal(np.sum(taken, axis=1)[:9], np.arange(1, 10))


def test_numbers_stay_finite(case, key):
    for path, leaf in leaves(case.live(key).body).items():
        assert np.all(np.isfinite(leaf)), path


def test_a_step_keeps_every_type(case, key):
    """So that it is compiled once: shapes, dtypes and weak types."""
    world, observation, key_life = case.life.world_birth(key)
    start = case.life.birth(world, observation, case.params)
    step = functools.partial(case.life.step, key_life, jnp.int32(0), case.params)
    assert types(jax.eval_shape(step, start)) == types(start)
    assert not any(weak for _, _, weak in types(start))


def test_jit_agrees_with_eager(case, key):
    """Within a rounding; bit for bit under the strict flags."""
    world, observation, key_life = case.life.world_birth(key)
    start = case.life.birth(world, observation, case.params)

    def two_steps(key_life):
        one = case.life.step(key_life, jnp.int32(0), case.params, start)
        return case.life.step(
            jax.random.clone(key_life), jnp.int32(1), case.params, one
        )

    eager: Life = two_steps(key_life)
    compiled = jax.jit(two_steps, compiler_options=UNOPTIMISED)
    close = functools.partial(np.testing.assert_allclose, rtol=1e-5, atol=1e-6)
    jax.tree.map(close, eager.body, compiled(jax.random.clone(key_life)).body)


def test_only_plastic_agents_learn(case, request):
    assert (case.agent.learn is None) == ("plastic" not in request.node.callspec.id)


@pytest.mark.parametrize("kind", KINDS)
def test_a_plastic_agent_moves_its_weights_in_this_world(kind, key):
    """Or else the two tests below could not fail."""
    body = plastic(kind).live(key).body
    assert not np.array_equal(body.rec_w[0], body.rec_w[-1])


@pytest.mark.parametrize("kind", KINDS)
def test_a_learning_rate_of_zero_moves_no_weight(kind, key):
    case = plastic(kind, plast_eta=0.0)
    life = case.live(key)
    for weights in np.asarray(life.body.rec_w):
        assert_same_bits(weights, case.params.rec_w)
    assert float(life.tally.learning.abs_dw[-1]) == 0.0
    assert float(life.tally.learning.abs_modulator[-1]) > 0.0  # though it felt


@pytest.mark.parametrize("kind", KINDS)
def test_plasticity_off_is_a_learning_rate_of_zero(kind, key):
    """It acts alike, and has no weights of its own to move."""
    off = CASES["spiking"]().live(key)
    zero = plastic(kind, plast_eta=0.0).live(jax.random.clone(key))
    assert off.body.rec_w is None and off.tally.learning is None
    np.testing.assert_array_equal(off.tally.actions, zero.tally.actions)
    np.testing.assert_array_equal(off.body.spike, zero.body.spike)
