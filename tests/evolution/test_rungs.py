"""Rungs: which genomes are promoted, the fitness of the others, and what it costs."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats
import tiny
from bits import assert_same_bits

from koki2.core import columns
from koki2.core.keys import Stream, stream
from koki2.evolution import (
    build,
    build_many,
    EpisodeStats,
    EvolutionConfig,
    rollout,
    rungs,
    score,
)
from koki2.evolution.build import evaluator
from koki2.evolution.configs import NursingConfig, RungsConfig
from koki2.evolution.figures import fitness
from koki2.evolution.generation import Carry, generation
from koki2.search import Strategy

NAN, INF = float("nan"), float("inf")
QUARTERS = RungsConfig(rungs=True, promote_top_p=0.25, promote_novel_q=0.25)


# --- by hand --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "p, q, size, places",
    [(0.25, 0.125, 64, (16, 8)), (0.3, 0.1, 10, (3, 1)), (0.01, 0.0, 10, (1, 0))]
    + [(0.25, 0.25, 5, (2, 1)), (1.0, 0.0, 7, (7, 0)), (0.5, 0.5, 3, (2, 1))],
)
def test_places_are_the_shares_rounded_up_together(p, q, size, places):
    config = RungsConfig(promote_top_p=p, promote_novel_q=q)
    assert rungs.capacities(config, size) == places


def promoted(proxy, novelty, viable=(1,) * 8, config=QUARTERS):
    """Two by proxy, two by novelty, of eight."""
    viable = jnp.array(viable, bool)
    unlike = None if novelty is None else jnp.array(novelty, jnp.float32)
    proxy = jnp.array(proxy, jnp.float32)
    chosen, valid = rungs.promote(config, viable, proxy, unlike)
    return [i if ok else None for i, ok in zip(chosen.tolist(), valid, strict=True)]


def test_the_fittest_are_promoted_and_of_the_rest_the_most_novel():
    proxy = [5, 9, 1, 8, 0, 2, 3, 4]
    novel = [1, 9, 2, 9, 8, 3, 7, 4]
    assert promoted(proxy, novel) == [1, 3, 4, 6]


def test_of_equal_proxies_the_more_novel_goes_first_and_then_the_first():
    assert promoted([7] * 8, [0, 0, 5, 0, 6, 0, 0, 0]) == [4, 2, 0, 1]
    only_top = dataclasses.replace(QUARTERS, promote_novel_q=0.0)
    assert promoted([7] * 8, None, config=only_top) == [0, 1]


def test_what_failed_is_not_promoted_and_places_stay_empty():
    novel = [9, 1, 9, 2, 9, 9, 9, 9]
    three = (0, 1, 0, 1, 0, 0, 0, 1)
    assert promoted([9, 1, 9, 2, 9, 9, 9, 0], novel, three) == [3, 1, 7, None]
    assert promoted([9] * 8, novel, (0,) * 8) == [None] * 4


def test_a_proxy_that_is_not_finite_is_worst():
    assert promoted([NAN, INF, 1, 2, 0, -INF, 0, 0], [0] * 8)[:2] == [3, 2]


def test_those_that_wait_are_ranked_below_the_floor_in_their_order():
    waiting = jnp.array([1, 1, 0, 1, 1, 1], bool)
    proxy = jnp.array([3.0, 8.0, 9.0, 3.0, NAN, 1.0])
    surrogate = rungs.surrogate_fitness(jnp.float32(100), waiting, proxy)
    assert [surrogate[i].item() for i in (0, 1, 3, 4, 5)] == [98, 99, 98, 95, 96]


def test_a_behaviour_by_hand():
    """Half of eight steps: one still, three right; three energy, two events."""
    stats = EpisodeStats(
        alive=jnp.array(False),
        t_alive=jnp.int32(4),
        energy_gained=jnp.float32(3.0),
        integrity_lost=jnp.float32(1.0),
        integrity_min=jnp.float32(0.0),
        bad_arrivals=jnp.int32(1),
        success=jnp.array(True),
        actions=jnp.array([1, 0, 0, 0, 3], jnp.int32),
        events=jnp.int32(2),
        learning=None,
    )
    found = rungs.behaviour(stats, steps=8)
    assert found.tolist() == [0.25, 0, 0, 0, 0.75, 0.5, 0.75, 0.5, 0.5]
    unborn = jax.tree.map(jnp.zeros_like, stats)
    assert rungs.behaviour(unborn, steps=8).tolist() == [0] * 9
    odd = dataclasses.replace(stats, energy_gained=jnp.float32(NAN))
    assert rungs.behaviour(odd, steps=8)[6].item() == 0


@pytest.mark.parametrize("seed", range(3))
def test_the_rank_correlation_is_scipys(seed):
    """With ties, and among the valid only."""
    draw = np.random.default_rng(seed)
    x, noise = draw.integers(0, 6, (2, 20)).astype(np.float32)
    y, valid = x + noise, draw.random(20) < 0.7
    found = rungs.spearman(jnp.array(x), jnp.array(y), jnp.array(valid))
    expected = scipy.stats.spearmanr(x[valid], y[valid]).statistic
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize(
    "x, y", [([1.0, 1, 1], [1.0, 2, 3]), ([1.0, NAN, NAN], [1.0, 2, 3]), ([1.0], [1.0])]
)
def test_a_correlation_that_means_nothing_is_nan(x, y):
    x, y = jnp.array(x), jnp.array(y)
    assert np.isnan(rungs.spearman(x, y, jnp.ones(x.shape, bool)))


@pytest.mark.parametrize(
    "knobs, complaint",
    [
        (dict(promote_top_p=0.7, promote_novel_q=0.4), "must not exceed 1 together"),
        (dict(rungs=True, rung1_steps=13), "rung1_steps must not exceed steps"),
    ],
)
def test_rungs_that_do_not_fit_are_refused(knobs, complaint):
    with pytest.raises(ValueError, match=complaint):
        EvolutionConfig(env=tiny.config().env, rungs=RungsConfig(**knobs))


# --- a generation ---------------------------------------------------------------------

HARMLESS = tiny.WORLD | dict(num_bad_sources=0)  # all live to the end
P, E, T, SHORT, G = 16, 2, tiny.WORLD["steps"], 4, 3
CONFIG = tiny.config(
    HARMLESS,
    pop_size=P,
    episodes=E,
    generations=G,
    rungs=RungsConfig(
        rungs=True, rung1_steps=SHORT, rung1_episodes=3, novelty_k=2, archive_size=5
    ),
)  # four are promoted by proxy, two by novelty


@functools.cache
def generation_of(config, seed=0):
    """Genomes -> the carry after a generation of them, whose search is the shaped
    fitness; and the row."""
    parts = tiny.task(config, seed)
    evaluate = evaluator(config, parts, score(config.fitness))
    strategy = Strategy(
        name="remembers the shaped fitness",
        pop_size=P,
        init=None,
        ask=lambda key, state: (state[1], state),
        tell=lambda state, genomes, fitness: (fitness, genomes),
        mean=lambda state: state[1][0],
    )
    start = lambda genomes: Carry(
        generation=jnp.int32(0),
        search=(jnp.zeros(P), genomes),
        best=genomes[0],
        best_fitness=jnp.float32(-INF),
        steps=jnp.zeros(2, jnp.uint32),
        evaluator=evaluate.init(),
    )
    one = lambda key, genomes: generation(
        parts.genome, strategy, evaluate, -1e9, key, start(genomes)
    )
    run = jax.jit(one)
    return lambda genomes: run(jax.random.key(seed), genomes)


def one_generation(config, genomes, seed=0):
    after, row = generation_of(config, seed)(genomes)
    row = jax.device_get(row)
    tiny.assert_no_nan_leaves(row)
    plain = columns.rows(jax.tree.map(lambda x: x[None], row))[0]
    return dataclasses.replace(after, search=after.search[0]), plain


def genomes(config=CONFIG):
    genome = tiny.task(config, 0).genome
    keys = jax.random.split(jax.random.key(5), P)
    return jax.vmap(lambda key: 10 * genome.init(key))(keys)


@functools.cache
def lived(purpose, episodes, steps):
    """Every genome's mean fitness, with the keys that the contract promises."""
    parts = tiny.task(CONFIG, 0)
    key = jax.random.fold_in(stream(jax.random.key(0), Stream.GENERATION), 0)
    keys = jax.random.split(stream(key, purpose), episodes)
    develop = lambda genes: parts.genome.develop(jax.random.key(0), genes)
    params = jax.vmap(develop)(genomes())
    each = jax.vmap(jax.vmap(lambda one: fitness(CONFIG.fitness, one)))

    @jax.jit
    def run(keys, params):
        stats = rollout(parts.episode, keys, params, steps=steps)
        return jnp.mean(each(stats), axis=1), stats

    return jax.device_get(run(keys, params))


@functools.cache
def after_one():
    return one_generation(CONFIG, genomes())


def test_a_generation_on_rungs_by_hand():
    after, row = after_one()
    shaped = np.asarray(after.search)
    proxy, stats = lived(Stream.RUNG, 3, SHORT)
    full, _ = lived(Stream.LIVES, E, T)
    like = jax.jit(rungs.behaviours, static_argnums=1)(stats, SHORT)
    gaps = np.linalg.norm(np.asarray(like)[:, None] - np.asarray(like)[None], axis=2)
    unlike = np.sort(gaps, axis=1)[:, 1:3].mean(axis=1)  # the nearest is oneself
    up, _ = rungs.promote(
        CONFIG.rungs, jnp.ones(P, bool), jnp.array(proxy), jnp.array(unlike)
    )
    up = np.asarray(up)
    rest = np.setdiff1d(np.arange(P), up)
    close = functools.partial(np.testing.assert_allclose, rtol=1e-5)
    close(shaped[up], full[up])
    assert max(shaped[rest]) == pytest.approx(min(full[up]) - 1)
    better = (proxy[rest][None] > proxy[rest][:, None]).sum(axis=1)
    close(shaped[rest], min(full[up]) - 1 - better)
    close(row["generation_best"], max(full[up]))
    close(row["mean_fitness"], np.mean(full[up]))
    assert np.array_equal(after.best, genomes()[up[np.argmax(full[up])]])
    close(row["rung_correlation"], scipy.stats.spearmanr(proxy[up], full[up]).statistic)
    counts = "rung1_evaluated", "evaluated", "promoted_top", "promoted_novel"
    assert [row[name] for name in counts] == [P, 6, 4, 2]
    remembered = after.evaluator
    assert remembered.filled.item() == remembered.next.item() == 2
    close(remembered.behaviour[:2], like[up[4:]])


def test_env_steps_are_those_of_each_rung():
    """16 genomes live 3 short lives of 4; 6 of them, two of 12.

    The rollout lives in blocks of eight: six, and two that are lived for nothing, are
    not counted.
    """
    after, row = after_one()
    spent = P * 3 * SHORT, 6 * E * T
    names = "env_steps_rung0", "env_steps_rung1", "env_steps_rung2", "env_steps_saved"
    assert [row[name] for name in names] == [0, *spent, 10 * E * T - spent[0]]
    assert after.steps.tolist() == [0, sum(spent)]


def test_a_genome_that_is_not_finite_has_failed_and_takes_no_place():
    """The fittest of all has a gene that is infinite, another one that is NaN."""
    before, row_before = after_one()
    best = int(np.nanargmax(before.search))
    other = (best + 1) % P
    odd = genomes().at[best, 0].set(INF).at[other, -1].set(NAN)
    after, row = one_generation(CONFIG, odd)
    assert np.isnan(after.search).nonzero()[0].tolist() == sorted([best, other])
    assert np.all(np.isfinite(after.best)) and row["best_fitness"] < INF
    assert row["rung1_evaluated"] == P - 2 and row["evaluated"] == 6
    assert row_before["rung1_evaluated"] == P
    assert row["generation_best"] <= row_before["generation_best"]


NO_RUNGS = RungsConfig()
VIABLE = dict(mvt=True, mvt_steps=4, mvt_min_alive_steps=0, mvt_min_action_entropy=0.5)


@pytest.mark.slow
@pytest.mark.parametrize(
    "knobs, failed",
    [
        (dict(rungs=NO_RUNGS), lambda row: 1),
        (dict(rungs=NO_RUNGS, **VIABLE), lambda row: P - row["evaluated"]),
        (VIABLE, lambda row: P - row["rung1_evaluated"]),
        (dict(rungs=NO_RUNGS, nursing=NursingConfig(repro_phi=1.0)), lambda row: P),
        (dict(nursing=NursingConfig(repro_phi=1.0)), lambda row: 7),
    ],
)
def test_failure_is_told_as_nan_and_never_as_a_number(knobs, failed):
    """One genome is not finite; where only the whole life reproduces, none lives it."""
    starving = HARMLESS | dict(energy_decay=0.1, energy_gain=0.0)
    world = starving if "nursing" in knobs else HARMLESS
    same = dict(pop_size=P, episodes=E, rungs=CONFIG.rungs)
    config = tiny.config(world, **same | knobs)
    after, row = one_generation(config, genomes(config).at[1, 0].set(NAN))
    told = after.search
    assert np.isnan(told[1]) and np.isnan(told).sum() == failed(row) > 0
    assert np.all(told[~np.isnan(told)] > -1e3)


@pytest.mark.slow
def test_where_no_genome_is_viable_none_is_promoted_and_nothing_is_learnt():
    config = dataclasses.replace(
        CONFIG,
        viability=tiny.config(
            HARMLESS, mvt=True, mvt_steps=4, mvt_min_alive_steps=5
        ).viability,
    )
    after, row = one_generation(config, genomes())
    assert np.all(np.isnan(after.search)), "a failed genome's shaped fitness is NaN"
    assert row["generation_best"] == row["best_fitness"] == np.float32(-1e9)
    names = "rung1_evaluated", "evaluated", "promoted_novel", "mvt_failed_alive_steps"
    assert [row[name] for name in names] == [0, 0, 0, P]
    assert after.evaluator.filled.item() == 0
    assert after.steps.tolist() == [0, P * 2 * 4] == [0, row["env_steps_rung0"]]
    assert row["rung_correlation"] is row["mean_fitness"] is None


# --- a search -------------------------------------------------------------------------

WHOLE = dataclasses.replace(CONFIG, nursing=NursingConfig(repro_phi=0.5))


@functools.cache
def alone():
    search = build(WHOLE, 3)
    return search, tiny.run(search, 2)[:2]


@pytest.mark.slow
def test_a_search_on_rungs_can_be_stopped_and_taken_up_again():
    """Two behaviours enter a generation; after three, one of five was replaced."""
    search, (packed, rows) = alone()
    again = lambda search, carry: search.unpack(search.pack(carry))
    assert_same_bits(tiny.run(search, 2, again)[:2], (packed, rows))
    last = packed[-1]
    assert last[".evaluator.filled"] == 5 and last[".evaluator.next"] == 1
    assert last[".evaluator.behaviour"].shape == (5, 5 + rungs.BEYOND_ACTIONS)
    assert rows["repro_failed"][:G] == [0] * G


@pytest.mark.slow
def test_a_search_on_rungs_in_company_is_as_alone():
    """In company the wiring is data, alone it is written out."""
    together = build_many([(WHOLE, 4), (WHOLE, 3)])
    assert_same_bits(tiny.run(together[1], 2)[:2], alone()[1])
