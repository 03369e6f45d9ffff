"""Quality-diversity over lives: exact, resumable, and what its archive says is so."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import tiny
from bits import assert_same_bits

from koki2.agents import AgentConfig
from koki2.core.keys import Stream, stream
from koki2.envs.configs import ChemotaxisConfig, GymnaxConfig
from koki2.evolution import (
    behaviours,
    elite,
    illuminate,
    illuminate_many,
    QDConfig,
)
from koki2.evolution.configs import BehaviourConfig, LoopConfig
from koki2.evolution.descriptors import descriptors
from koki2.evolution.generation import mean_fitness
from koki2.evolution.rollout import rollout
from koki2.search import ArchiveConfig, EmitterConfig

SEED = 3
CONFIG = QDConfig(
    env=ChemotaxisConfig(
        width=8,
        num_sources=3,
        num_bad_sources=1,
        bad_source_integrity_loss=0.6,
        deplete_sources=True,
        steps=16,
    ),
    agent=AgentConfig(n_neurons=16, k_edges=4),
    archive=ArchiveConfig(shape=(5, 7)),
    emitter=EmitterConfig(batch_size=24, init_sigma=3.0, iso_sigma=0.5),
    behaviour=BehaviourConfig(descriptors=("path_entropy", "hazard_exposure")),
    loop=LoopConfig(generations=4, episodes=2, checkpoint_every=2),
)


def run(search, between=lambda search, carry: carry):
    """Packed carries after each chunk, the rows, and what is left at the end."""
    carry, carries, rows = search.init(), [], []
    for _ in range(2):
        carry, more = search.chunk(between(search, carry))
        carries.append(search.pack(carry))
        rows.append(more)
    return carries, rows, search.artifacts(carry)


@functools.cache
def ran():
    return run(illuminate(CONFIG, SEED))


def test_stopped_and_resumed_it_is_the_search_never_stopped():
    again = run(
        illuminate(CONFIG, SEED),
        lambda search, carry: search.unpack(search.pack(carry)),
    )
    assert_same_bits(again, ran())


def test_seeds_in_company_are_as_alone():
    _, mine = illuminate_many(CONFIG, [2, SEED])
    assert_same_bits(run(mine), ran())


def test_what_the_archive_says_of_an_elite_is_so():
    archive = ran()[2]["archive"]
    key = jax.random.key(SEED)
    parts = tiny.task(CONFIG, SEED, path=True)
    keys = jax.random.split(stream(key, Stream.LIVES), CONFIG.loop.episodes)
    cells = np.flatnonzero(archive["filled"])
    develop = lambda genes: parts.genome.develop(jax.random.key(0), genes)
    params = jax.vmap(develop)(jnp.asarray(archive["genome"][cells]))
    stats = jax.jit(lambda keys, params: rollout(parts.episode, keys, params))(
        keys, params
    )
    np.testing.assert_allclose(
        mean_fitness(CONFIG.fitness, stats), archive["fitness"][cells], rtol=1e-6
    )
    describe = descriptors(CONFIG.behaviour.descriptors, parts.env)
    found = jnp.mean(jax.vmap(jax.vmap(describe))(stats), axis=1)
    np.testing.assert_allclose(found, archive["descriptor"][cells], atol=1e-6)
    shape = np.array(CONFIG.archive.shape)
    box = np.minimum(np.floor(archive["descriptor"][cells] * shape), shape - 1)
    assert (box @ np.array([shape[1], 1]) == cells).all()


def test_the_births_of_all_rows_make_the_archive():
    _, rows, left = ran()
    fitness, birth = np.full(35, -np.inf, np.float32), np.full(35, -1)
    before = birth
    for g, births in enumerate(b for chunk in rows for b in chunk["births"]):
        for cell, worth, *parents in births:
            assert worth >= fitness[cell]
            for place, born in zip(parents[::2], parents[1::2], strict=True):
                assert place == -1 or before[place] == born
            fitness[cell], birth[cell] = worth, g
        before = birth.copy()
    assert (left["archive"]["fitness"] == fitness).all()
    assert (left["archive"]["birth"] == birth).all()


def test_rows_say_how_full_and_how_good_the_archive_is():
    _, rows, left = ran()
    last = {name: column[-1] for name, column in rows[-1].items()}
    archive = left["archive"]
    filled = archive["filled"]
    assert last["coverage"] == np.float32(filled.sum() / 35)
    np.testing.assert_allclose(
        last["qd_score"], archive["fitness"][filled].sum(), rtol=1e-6
    )
    assert last["best_fitness"] == archive["fitness"].max()
    assert last["outside"] == last["not_finite"] == 0
    assert last["env_steps"] <= 4 * 24 * 2 * 16


def test_an_elite_is_a_genome_that_can_be_named():
    archive = ran()[2]["archive"]
    best = int(np.argmax(archive["fitness"]))
    assert_same_bits(elite(CONFIG, SEED, archive, best), ran()[2]["best_genome"])
    empty = int(np.argmin(archive["filled"]))
    with pytest.raises(ValueError, match="is empty"):
        elite(CONFIG, SEED, archive, empty)
    with pytest.raises(ValueError, match="from 0 to 34, got 35"):
        elite(CONFIG, SEED, archive, 35)


@pytest.mark.slow
def test_behaviours_of_elites_are_those_of_single_lives():
    archive = ran()[2]["archive"]
    some = archive["genome"][archive["filled"]][:3]
    found = behaviours(CONFIG, SEED, some, eval_seed=9, episodes=4)
    parts = tiny.task(CONFIG, SEED, path=True)
    keys = jax.random.split(jax.random.key(9), 4)
    develop = lambda genes: parts.genome.develop(jax.random.key(0), genes)
    params = jax.vmap(develop)(jnp.asarray(some))
    stats = rollout(parts.episode, keys, params)
    moved = stats.path.moves.astype(jnp.float32).mean(axis=1) / 16
    np.testing.assert_allclose(found["distance"], moved, rtol=1e-6)
    np.testing.assert_allclose(
        found["fitness"], mean_fitness(CONFIG.fitness, stats), rtol=1e-6
    )


@pytest.mark.slow
def test_fresh_lives_are_other_lives_each_generation():
    fresh = dataclasses.replace(
        CONFIG,
        behaviour=BehaviourConfig(
            descriptors=CONFIG.behaviour.descriptors, lives="fresh"
        ),
    )
    assert run(illuminate(fresh, SEED))[1][0]["births"] != ran()[1][0]["births"]


@pytest.mark.slow
def test_the_genomes_own_mutation_is_an_emitter():
    config = dataclasses.replace(
        CONFIG,
        emitter=EmitterConfig(
            emitter="mutation", batch_size=24, init_sigma=3.0, sigma=2.0, rate=0.3
        ),
    )
    _, rows, left = run(illuminate(config, SEED))
    assert rows[-1]["coverage"][-1] > rows[0]["coverage"][0]
    archive = left["archive"]
    births = [b for chunk in rows for g in chunk["births"] for b in g if b[2] >= 0]
    assert births and all(b[4] == -1 for b in births)  # one parent each
    same = archive["genome"][archive["filled"]]
    shared = (same[:, None] == same[None]).all(axis=-1).sum() == len(same)
    partly = (same[:, None] == same[None]).any(axis=-1).sum() > len(same)
    assert shared and partly  # kin share the groups that were not hit


def test_a_world_without_a_map_has_no_path_to_describe():
    blind = dataclasses.replace(CONFIG, env=GymnaxConfig(name="CartPole-v1"))
    with pytest.raises(ValueError, match="wants? a world with a map"):
        illuminate(blind, SEED)
