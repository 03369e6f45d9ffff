"""Quality-diversity: exact, resumable, and what its archive says of an elite is so."""

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
    build,
    build_many,
    named_elite,
    QDConfig,
    score,
)
from koki2.evolution.configs import (
    BehaviourConfig,
    LoopConfig,
    NursingConfig,
    RungsConfig,
    ViabilityConfig,
)
from koki2.evolution.descriptors import descriptors
from koki2.evolution.evaluation import mean_score
from koki2.evolution.rollout import rollout
from koki2.search import ArchiveConfig, EmitterConfig
from koki2.search.emitters.catalogue import EMITTERS

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
    agent=AgentConfig(n_neurons=8, k_edges=2),
    archive=ArchiveConfig(shape=(5, 7)),
    emitter=EmitterConfig(batch_size=24, init_sigma=3.0, iso_sigma=0.5),
    behaviour=BehaviourConfig(descriptors=("path_entropy", "hazard_exposure")),
    loop=LoopConfig(generations=4, episodes=2, checkpoint_every=2),
)


def run(program, between=lambda program, carry: carry):
    """Packed states, the columns of all rows, and what is left at the end."""
    packed, rows, carry = tiny.run(program, 2, between)
    return packed, rows, program.artifacts(carry)


@pytest.mark.parametrize("name", EMITTERS)
def test_no_two_arrays_of_a_first_state_are_one(name):
    """They are donated to the first chunk, and a buffer can be given away once."""
    emitter = dataclasses.replace(CONFIG.emitter, emitter=name)
    program = build(dataclasses.replace(CONFIG, emitter=emitter), SEED)
    arrays = jax.tree.leaves(program.init())
    pointers = [array.unsafe_buffer_pointer() for array in arrays if array.size]
    assert len(set(pointers)) == len(pointers)


@functools.cache
def ran():
    return run(build(CONFIG, SEED))


@pytest.mark.slow
def test_stopped_and_resumed_it_is_the_search_never_stopped():
    again = run(
        build(CONFIG, SEED),
        lambda search, carry: search.unpack(search.pack(carry)),
    )
    assert_same_bits(again, ran())


@pytest.mark.slow
def test_seeds_in_company_are_as_alone():
    _, mine = build_many([(CONFIG, 2), (CONFIG, SEED)])
    assert_same_bits(run(mine), ran())


@pytest.mark.slow
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
        mean_score(score(CONFIG.fitness), stats), archive["fitness"][cells], rtol=1e-6
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
    for g, births in enumerate(rows["births"]):
        for cell, value, *parents in births:
            assert value >= fitness[cell]
            for place, born in zip(parents[::2], parents[1::2], strict=True):
                assert place == -1 or before[place] == born
            fitness[cell], birth[cell] = value, g
        before = birth.copy()
    assert (left["archive"]["fitness"] == fitness).all()
    assert (left["archive"]["birth"] == birth).all()


def test_rows_say_how_full_and_how_good_the_archive_is():
    _, rows, left = ran()
    last = {name: column[-1] for name, column in rows.items()}
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
    assert_same_bits(named_elite(CONFIG, SEED, archive, best), ran()[2]["best_genome"])
    empty = int(np.argmin(archive["filled"]))
    with pytest.raises(ValueError, match="is empty"):
        named_elite(CONFIG, SEED, archive, empty)
    with pytest.raises(ValueError, match="from 0 to 34, got 35"):
        named_elite(CONFIG, SEED, archive, 35)


FEW = LoopConfig(generations=1, episodes=2, checkpoint_every=1)


def first_generation(**changes):
    """The row of the first generation, and the archive after it."""
    program = build(dataclasses.replace(CONFIG, loop=FEW, **changes), SEED)
    carry, row = tiny.chunk(program, program.init())
    return {name: column[0] for name, column in row.items()}, program.pack(carry)


def test_what_fails_viability_enters_no_archive():
    """Nothing gains so much energy; only the short episodes are run."""
    test = ViabilityConfig(
        mvt=True,
        mvt_steps=4,
        mvt_episodes=3,
        mvt_min_alive_steps=0,
        mvt_min_energy_gained=1e9,
    )
    row, packed = first_generation(viability=test)
    assert row["mvt_failed_energy_gained"] == row["not_finite"] == 24
    assert (row["mvt_pass_rate"], row["evaluated"], row["accepted"]) == (0, 0, 0)
    assert row["env_steps"] == row["env_steps_rung0"] <= 24 * 3 * 4
    assert not np.any(packed[".search.archive.filled"])
    assert row["generation_best"] == -np.inf and row["births"] == []


@pytest.mark.slow
def test_what_dies_before_the_phase_of_reproduction_enters_no_archive():
    """A step costs half of what there is: two steps, and phase 1/2 is the eighth."""
    starving = dataclasses.replace(CONFIG.env, energy_decay=0.5, energy_gain=0.0)
    nursing = NursingConfig(repro_phi=0.5)
    row, packed = first_generation(env=starving, nursing=nursing)
    assert row["repro_failed"] == row["not_finite"] == row["evaluated"] == 24
    assert row["accepted"] == 0 and not np.any(packed[".search.archive.filled"])


RUNGS = RungsConfig(rungs=True, rung1_steps=4, archive_size=4)


@pytest.mark.slow
def test_on_rungs_only_what_lived_whole_episodes_enters_an_archive():
    """Of 24 genomes 6 are promoted by proxy and 3 by novelty; no other has a place."""
    row, packed = first_generation(rungs=RUNGS)
    assert (row["promoted_top"], row["promoted_novel"]) == (6, 3)
    assert row["not_finite"] == 24 - 9 and 0 < row["accepted"] <= 9
    assert packed[".evaluator.filled"] == packed[".evaluator.next"] == 3
    filled = packed[".search.archive.filled"]
    lowest = np.min(packed[".search.archive.fitness"][filled])
    assert lowest >= 1, "a surrogate fitness was kept"  # each was alive for a step


@pytest.mark.slow
def test_a_search_on_rungs_can_be_stopped_and_taken_up_again():
    program = build(dataclasses.replace(CONFIG, rungs=RUNGS), SEED)
    packed, rows, left = run(program)
    again = run(program, lambda program, carry: program.unpack(program.pack(carry)))
    assert_same_bits(again, (packed, rows, left))
    assert [p[".evaluator.filled"] for p in packed] == [0, 4, 4]
    assert packed[-1][".evaluator.next"] == 4 * 3 % 4


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
        found["fitness"], mean_score(score(CONFIG.fitness), stats), rtol=1e-6
    )


@pytest.mark.slow
def test_fresh_lives_are_other_lives_each_generation():
    fresh = dataclasses.replace(
        CONFIG,
        behaviour=BehaviourConfig(
            descriptors=CONFIG.behaviour.descriptors, lives="fresh"
        ),
    )
    assert run(build(fresh, SEED))[1]["births"] != ran()[1]["births"]


@pytest.mark.slow
def test_the_genomes_own_mutation_is_an_emitter():
    config = dataclasses.replace(
        CONFIG,
        emitter=EmitterConfig(
            emitter="mutation", batch_size=24, init_sigma=3.0, sigma=2.0, rate=0.3
        ),
    )
    _, rows, left = run(build(config, SEED))
    assert rows["coverage"][-1] > rows["coverage"][0]
    archive = left["archive"]
    births = [b for born in rows["births"] for b in born if b[2] >= 0]
    assert births and all(b[4] == -1 for b in births)  # one parent each
    same = archive["genome"][archive["filled"]]
    shared = (same[:, None] == same[None]).all(axis=-1).sum() == len(same)
    partly = (same[:, None] == same[None]).any(axis=-1).sum() > len(same)
    assert shared and partly  # kin share the groups that were not hit


def test_a_world_without_a_map_has_no_path_to_describe():
    blind = dataclasses.replace(CONFIG, env=GymnaxConfig(name="CartPole-v1"))
    with pytest.raises(ValueError, match="a world with a map"):
        build(blind, SEED)
