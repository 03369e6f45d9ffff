"""Under the strict flags every way of running the same thing gives the same bits."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import pytest
from bits import assert_same_bits
from lanes_of_tests import mostly_slow

from koki2 import agents, envs, genomes, search
from koki2.core.keys import episode_keys
from koki2.envs import LEVELS
from koki2.evolution import (
    build,
    episode,
    EvolutionConfig,
    reports,
    rollout,
    run_episode,
)
from koki2.evolution.configs import FitnessConfig, LoopConfig, POLICIES
from koki2.evolution.senses import encoding
from koki2.evolution.task import baseline
from koki2.genomes import direct
from koki2.search import archive as archives, ArchiveConfig, EmitterConfig, map_elites

STEPS = 4
PLAIN = agents.AgentConfig(n_neurons=6, k_edges=2)
WIRING = agents.random_topology(1, PLAIN.n_neurons, PLAIN.k_edges)
PLASTIC = dataclasses.replace(PLAIN, plast_enabled=True, plast_eta=0.5)
AGENTS = {
    "plain": PLAIN,
    **{
        kind: dataclasses.replace(PLASTIC, modulator_kind=kind)
        for kind in ("spike", "drive", "event")
    },
}
WORLD = envs.ChemotaxisConfig(
    width=5,
    num_sources=4,
    num_bad_sources=2,
    bad_source_integrity_loss=0.4,
    deplete_sources=True,
    respawn_delay=1,
    bad_source_deplete_p=0.5,
    grad_dropout_p=0.25,
    obs_noise=0.1,
    steps=STEPS,
)


@functools.cache
def spiking_life(config):
    agent = agents.make(config, WIRING, STEPS)
    return episode(envs.chemotaxis(WORLD), agent)


def newborns(config, count):
    genome = direct(config, 4, 5)
    keys = jax.random.split(jax.random.key(5), count)
    key = jax.random.key(0)
    return jax.vmap(lambda k: genome.develop(key, 10 * genome.init(k)))(keys)


def newborn(config):
    return jax.tree.map(lambda x: x[0], newborns(config, 1))


def every_way(function, *args, no_jit=False):
    """Asserts jit = eager (= no jit at all, which is slow), and gives the result."""
    fresh = lambda: jax.tree.map(_clone, args)
    eager = function(*fresh())
    assert_same_bits(jax.jit(function)(*fresh()), eager)
    if no_jit:
        with jax.disable_jit():
            assert_same_bits(function(*fresh()), eager)
    return eager


def _clone(x):
    is_key = isinstance(x, jax.Array) and jnp.issubdtype(x.dtype, jax.dtypes.prng_key)
    return jax.random.clone(x) if is_key else x


QUICK = ("chemotaxis-l1.1", "obstacles-l1.2")


@pytest.mark.parametrize("name", mostly_slow(sorted(LEVELS), *QUICK))
def test_a_world_steps_the_same_compiled_or_not(name):
    env = envs.make(LEVELS[name].config)
    state, _ = every_way(env.init, jax.random.key(1))
    noisy = name.startswith("chemotaxis-l1.1")
    every_way(env.step, jax.random.key(2), state, jnp.int32(4), no_jit=noisy)


@pytest.mark.parametrize("name", mostly_slow(["plain", "event"], "event"))
def test_a_life_is_the_same_compiled_or_not_scanned_or_looped(name):
    life = spiking_life(AGENTS[name])
    params = jax.tree.map(lambda x: x[0], newborns(AGENTS[name], 1))
    one = lambda key: run_episode(key, life, params)
    scanned = every_way(one, jax.random.key(3), no_jit=name == "event")
    world, observation, key_life = life.reset(jax.random.key(3))
    now = life.start(world, observation, params)
    step = jax.jit(life.step)
    for t in range(STEPS):
        now = step(jax.random.clone(key_life), jnp.int32(t), params, now)
    assert_same_bits(now, scanned)


@pytest.mark.parametrize("name", mostly_slow(["plain", "drive"], "drive"))
def test_lives_are_the_same_alone_under_vmap_and_in_lanes(name):
    life, params = spiking_life(AGENTS[name]), newborns(AGENTS[name], 9)
    run = lambda engine: jax.jit(lambda k, p: rollout(life, k, p, engine=engine))
    together = run("vmap")(episode_keys(4, 3), params)
    lanes = run("lanes")(episode_keys(4, 3), params)
    assert_same_bits(lanes, together)
    last = jax.tree.map(lambda x: x[8], params)
    alone = jax.jit(lambda key: run_episode(key, life, last).stats)(
        episode_keys(4, 3)[2]
    )
    assert_same_bits(alone, jax.tree.map(lambda x: x[8, 2], together))


@pytest.mark.parametrize("name", mostly_slow(POLICIES, "random"))
def test_a_baseline_is_the_same_alone_and_in_lanes(name):
    life = baseline(envs.chemotaxis(WORLD), name)
    lanes = jax.jit(lambda keys: rollout(life, keys, None))(episode_keys(4, 3))
    alone = every_way(
        lambda key: run_episode(key, life, None).stats, episode_keys(4, 3)[1]
    )
    assert_same_bits(alone, jax.tree.map(lambda x: x[0, 1], lanes))


@pytest.mark.parametrize("encoding", mostly_slow(["direct", "cppn"], "direct"))
def test_a_genome_starts_and_develops_the_same_compiled_or_not(encoding):
    which = genomes.GenomeConfig(encoding=encoding)
    genome = genomes.make(which, PLAIN, 4, 5, genomes.wiring(which, PLAIN, 1))
    genes = every_way(genome.init, jax.random.key(6))
    every_way(genome.develop, jax.random.key(7), genes)


FORMS = {
    "alif": {"neuron": "alif"},
    "rate, vector": {"neuron": "rate", "modulator_kind": "vector"},
    "abcd": {"rule": "abcd", "plast_per_edge": True, "modulator_kind": "event"},
    "hard, shuffled": {"strain": "hard", "control": "shuffled"},
    "softmax": {"choice": "softmax", "ticks": 3, "tau_genes": True},
    "one of equals": {"choice": "random"},
    "its schedule by genes": {"plast_end_phi": 0.5, "phase_genes": True},
}
RARE = ("one of equals", "its schedule by genes")


@pytest.mark.parametrize("form", mostly_slow(FORMS, *FORMS.keys() - {*RARE}))
def test_an_agent_acts_and_learns_the_same_compiled_or_not(form):
    config = dataclasses.replace(PLASTIC, **FORMS[form])
    agent = agents.make(config, WIRING, STEPS)
    params = newborn(config)
    felt = agents.StepFeedback(
        energy_gained=jnp.float32(0.3),
        integrity_lost=jnp.float32(0.1),
        drive_fall=jnp.float32(-0.2),
    )
    state = every_way(agent.init, params)
    seen = jnp.array([2.0, -1.0, 0.7, 1.0])
    state, _ = every_way(agent.act, jax.random.key(8), params, state, seen)
    every_way(agent.learn, params, state, felt)


SENSES = {
    "cells": {"gradients": "cells"},
    "unit, deficit, running": dict(
        gradients="unit", needs="deficit", scaling="running"
    ),
}


@pytest.mark.parametrize("form", mostly_slow(SENSES, "unit, deficit, running"))
def test_senses_are_turned_the_same_compiled_or_not(form):
    sensed = encoding(agents.SensesConfig(**SENSES[form]), envs.chemotaxis(WORLD))
    agent = sensed.wrap(agents.make(PLAIN, WIRING, STEPS))
    genome = direct(PLAIN, sensed.size, 5)
    params = genome.develop(jax.random.key(0), 10 * genome.init(jax.random.key(5)))
    state = every_way(agent.init, params)
    for seen in ([0.25, 0.0, 0.9, 1.0], [-0.75, 0.0, 0.7, 0.6], [0.0, 0.0, 0.7, 0.2]):
        state, _ = every_way(
            agent.act, jax.random.key(8), params, state, jnp.array(seen)
        )


@pytest.mark.parametrize("name", mostly_slow(["openai_es", "snes"], "openai_es"))
def test_a_strategy_asks_and_tells_the_same_compiled_or_not(name):
    strategy = search.make(search.SearchConfig(strategy=name, pop_size=8), 5)
    state = every_way(strategy.init, jax.random.key(8), jnp.arange(5.0))
    population, state = every_way(strategy.ask, jax.random.key(9), state)
    fitness = jnp.array([3.0, 1.0, jnp.nan, 3.0, 0.0, -2.0, 7.0, 1.0])
    every_way(strategy.tell, state, population, fitness)


@pytest.mark.slow
def test_figures_of_a_life_are_the_same_compiled_or_not():
    life = spiking_life(AGENTS["event"])
    stats = rollout(life, episode_keys(4, 3), newborns(AGENTS["event"], 1))
    figures = lambda stats: reports(FitnessConfig(), stats)
    every_way(figures, jax.tree.map(lambda x: x[0], stats))


@pytest.mark.slow
def test_a_whole_generation_is_the_same_compiled_or_not():
    config = EvolutionConfig(
        env=WORLD,
        agent=AGENTS["drive"],
        search=search.SearchConfig(pop_size=4),
        loop=LoopConfig(generations=1, episodes=1, checkpoint_every=1),
    )
    one = build(config, 0)
    jitted = one.chunk(one.init(), 1)
    with jax.disable_jit():
        assert_same_bits(one.chunk(one.init(), 1), jitted)


@pytest.mark.parametrize("kind", mostly_slow(["grid", "cvt"], "grid"))
def test_insertion_is_the_same_compiled_or_not(kind):
    space = archives.cells(ArchiveConfig(archive=kind, shape=(4, 4), cvt_cells=16))
    draw = lambda seed, *shape: jax.random.uniform(jax.random.key(seed), shape)
    batch = archives.Batch(
        genome=jnp.round(2 * draw(0, 32, 3)),  # with duplicates
        fitness=jnp.round(3 * draw(1, 32)),  # and ties
        descriptor=1.2 * draw(2, 32, 2) - 0.1,  # and some outside
        birth=jnp.zeros(32, jnp.int32),
    )
    start = archives.empty(space, 3)
    every_way(lambda a, b: archives.insert(space, a, b), start, batch)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["iso_line", "gaussian"])
def test_map_elites_is_the_same_compiled_or_not(name):
    emitter = EmitterConfig(emitter=name, batch_size=8)
    search = map_elites(ArchiveConfig(shape=(4, 4)), emitter, 2, devices=1)

    def generation(key, state):
        asked, state = search.ask(key, state)
        where = 0.5 + 0.4 * jnp.tanh(asked.genome)
        state, done = search.tell(state, asked, asked.genome[:, 0], where)
        return state, done, search.summary(state)

    state = search.init(jax.random.key(0), jnp.zeros(2))
    for seed in range(3):
        state = every_way(generation, jax.random.key(seed), state)[0]
