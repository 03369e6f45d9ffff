"""The loop: one compile, the same bits whether stopped or not, alone or in company."""

import dataclasses
import functools
import sys
from unittest import mock

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import tiny
from bits import assert_same_bits

from koki2.agents import AgentConfig
from koki2.core.keys import Stream, stream
from koki2.core.program import DivergedError
from koki2.evolution import build, build_many, rollout, setting
from koki2.evolution.figures import fitness
from koki2.search import make

HARMLESS = tiny.WORLD | dict(num_bad_sources=0)  # all live to the end
P, E, T, G = 8, 2, tiny.WORLD["steps"], 5  # the last chunk of two is half empty
CONFIG = tiny.config(HARMLESS, tiny.PLASTIC, pop_size=P, episodes=E, generations=G)
SEED = 3
traced = []


@pytest.fixture(scope="module", autouse=True)
def count_traces():
    """Notes every trace of a generation."""
    plain = sys.modules["koki2.evolution.evolve"].generation

    def counted(*args):
        traced.append(args)
        return plain(*args)

    with mock.patch.object(
        sys.modules["koki2.evolution.evolve"], "generation", counted
    ):
        yield


@functools.cache
def alone(config=CONFIG, seed=SEED):
    program = build(config, seed)
    return program, *tiny.run(program, 3)[:2]


def test_a_search_stopped_after_every_chunk_is_the_search_never_stopped():
    search, carries, rows = alone()
    again = lambda search, carry: search.unpack(search.pack(carry))
    resumed, same_rows, _ = tiny.run(search, 3, between=again)
    assert_same_bits(resumed, carries)
    assert_same_bits(same_rows, rows)


def test_past_the_end_nothing_happens():
    search, carries, rows = alone()
    assert rows["valid"] == [True] * G + [False]
    assert rows["generation"][:G] == list(range(G))
    carry, row = tiny.chunk(search, search.unpack(carries[-1]))
    assert_same_bits(search.pack(carry), carries[-1])
    assert not np.any(row["valid"]) and search.done(carry) == G


def test_every_step_lived_is_counted():
    _, _, rows = alone()
    assert rows["env_steps"][:G] == [g * P * E * T for g in range(1, G + 1)]


def test_a_generation_by_hand():
    """Ask, live, tell, with the keys that the module's docstring promises."""
    search, carries, rows = alone()
    parts = tiny.task(CONFIG, SEED)
    strategy = make(CONFIG.search, parts.genome.size)
    root = jax.random.key(SEED)
    key = jax.random.fold_in(stream(root, Stream.GENERATION), 0)
    state = search.unpack(carries[0]).search
    genomes, state = strategy.ask(stream(key, Stream.ASK), state)
    params = jax.vmap(lambda g: parts.genome.develop(jax.random.key(0), g))(genomes)
    keys = jax.random.split(stream(jax.random.clone(key), Stream.LIVES), E)
    stats = jax.jit(lambda k, p: rollout(parts.episode, k, p))(keys, params)
    each = jax.jit(jax.vmap(jax.vmap(lambda one: fitness(CONFIG.fitness, one))))
    worth = np.mean(each(stats), axis=1)
    close = functools.partial(np.testing.assert_allclose, rtol=1e-6)
    close(rows["generation_best"][0], np.max(worth))
    close(rows["mean_fitness"][0], np.mean(worth))
    close(rows["median_fitness"][0], np.median(worth))
    mean = strategy.mean(strategy.tell(state, genomes, jnp.asarray(worth)))
    close(rows["mean_norm"][0], np.linalg.norm(mean))


def test_the_best_genome_met_is_kept():
    """It changes with a chunk if and only if that chunk met a better one."""
    search, carries, rows = alone()
    kept = np.maximum.accumulate(rows["generation_best"][:G])
    assert rows["best_fitness"][:G] == kept.tolist()
    after_chunks = [-np.inf, kept[1], kept[3], kept[4]]
    genomes = [packed[".best"] for packed in carries]
    for c in range(3):
        better = after_chunks[c + 1] > after_chunks[c]
        assert np.array_equal(genomes[c + 1], genomes[c]) != better
        assert carries[c + 1][".best_fitness"] == after_chunks[c + 1]


def test_the_mean_starts_at_the_first_genome():
    search = alone()[0]
    start = search.init()
    first = search.artifacts(start)
    assert_same_bits(first["mean_genome"], first["best_genome"])


def test_a_checkpoint_of_another_search_is_refused():
    search, carries, _ = alone()
    other = build(dataclasses.replace(CONFIG, agent=AgentConfig()), SEED)
    with pytest.raises(ValueError, match="another program: .*best is float32"):
        other.unpack(carries[-1])
    missing = {k: v for k, v in carries[-1].items() if k != ".best"}
    with pytest.raises(ValueError, match=r"\.best is missing"):
        search.unpack(missing)


def test_a_centre_that_is_not_finite_is_never_saved():
    search, carries, _ = alone()
    state = search.unpack(carries[-1])
    lost = dataclasses.replace(state.search, mean=state.search.mean.at[3].set(jnp.inf))
    with pytest.raises(DivergedError, match="must be finite, got inf within 5"):
        search.pack(dataclasses.replace(state, search=lost))


# --- several seeds --------------------------------------------------------------------


def assert_each_is_as_alone(*runs):
    before = len(traced)
    together = [tiny.run(search, 3)[:2] for search in build_many(runs)]
    assert len(traced) == before + 1, "they share one compile"
    for (config, seed), (carries, rows) in zip(runs, together, strict=True):
        _, carries_alone, rows_alone = alone(config, seed)
        assert_same_bits(carries, carries_alone)
        assert_same_bits(rows, rows_alone)


def test_runs_in_company_are_as_alone_though_wirings_and_numbers_differ():
    """Plastic ones. In company the wiring is data, alone it is written out."""
    three, four = (setting(CONFIG).data(seed).wiring.target for seed in (3, 4))
    assert not np.array_equal(three, four)
    richer = dataclasses.replace(CONFIG.env, energy_gain=0.07, energy_init=0.7)
    other = dataclasses.replace(CONFIG, env=richer)
    assert_each_is_as_alone((CONFIG, SEED), (other, 4))
    assert alone(other, 4)[2] != alone(CONFIG, 4)[2], "the numbers count"


def test_configs_of_several_programs_are_not_built_together():
    longer = dataclasses.replace(CONFIG.env, steps=CONFIG.env.steps + 1)
    other = dataclasses.replace(CONFIG, env=longer)
    with pytest.raises(ValueError, match="must differ only in numbers"):
        build_many([(CONFIG, 0), (other, 0)])


@pytest.mark.slow
def test_seeds_that_share_a_wiring_are_as_alone():
    agent = dataclasses.replace(CONFIG.agent, topology_seed=SEED + 12345)
    config = dataclasses.replace(CONFIG, agent=agent)
    assert_each_is_as_alone((config, SEED), (config, 4))
    assert_same_bits(alone(config, SEED)[1], alone(CONFIG, SEED)[1])
