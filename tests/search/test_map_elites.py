"""MAP-Elites, and what each of our emitters is for."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from bits import assert_same_bits, types
from lanes_of_tests import mostly_slow

from koki2.search import ArchiveConfig, EmitterConfig, map_elites
from koki2.search.emitters import EMITTERS
from koki2.search.emitters.base import draw
from koki2.search.emitters.strategies import improvement_ranks

DIMS, BATCH, GENERATIONS = 4, 16, 60
ARCHIVE = ArchiveConfig(shape=(8, 8), low=(-1.0, -1.0))
CONFIGS = {
    name: EmitterConfig(
        emitter=name,
        batch_size=BATCH,
        init_sigma=0.5,
        sigma=0.2,
        iso_sigma=0.2,
        line_sigma=0.2,
        strategy="snes",
    )
    for name in EMITTERS
}


def mutate(key, parent):
    return parent + 0.2 * jax.random.normal(key, parent.shape)


def try_out(genome):
    """Fitness and descriptor: a bowl, seen from its first two dimensions."""
    return -jnp.sum(genome**2, axis=1), jnp.tanh(genome[:, :2])


@functools.cache
def search(name: str):
    return map_elites(ARCHIVE, CONFIGS[name], DIMS, mutate=mutate, devices=1)


def generation(name, state, key):
    asked, state = search(name).ask(key, state)
    state, done = search(name).tell(state, asked, *try_out(asked.genome))
    return state, (asked, done, search(name).summary(state))


@functools.cache
def ran(name: str):
    state = search(name).init(jax.random.key(0), jnp.zeros(DIMS))
    keys = jax.random.split(jax.random.key(1), GENERATIONS)
    step = functools.partial(generation, name)
    return jax.jit(lambda state: jax.lax.scan(step, state, keys))(state)


@pytest.mark.parametrize("name", mostly_slow(EMITTERS, "iso_line"))
def test_the_archive_fills_and_gets_better(name):
    _, (_, _, found) = ran(name)
    coverage, score = np.asarray(found.coverage), np.asarray(found.qd_score)
    assert coverage[-1] > 0.5 and coverage[-1] > 2 * coverage[0]
    assert (np.diff(coverage) >= 0).all()
    same = np.diff(coverage) == 0
    assert (np.diff(score)[same] >= -1e-3).all()


@pytest.mark.parametrize("name", mostly_slow(("iso_line", "improvement"), "iso_line"))
def test_a_scan_and_a_loop_give_the_same_archive(name):
    state = search(name).init(jax.random.key(0), jnp.zeros(DIMS))
    step = jax.jit(functools.partial(generation, name))
    for key in jax.random.split(jax.random.key(1), GENERATIONS):
        state, _ = step(state, key)
    whole = ran(name)[0]
    assert_same_bits(whole.archive, state.archive)
    first = search(name).init(jax.random.key(0), jnp.zeros(DIMS))
    assert types(first) == types(state)


def test_parents_are_told_by_their_cell_and_birth():
    _, (asked, done, _) = ran("iso_line")
    parents, born = np.asarray(asked.parents), np.asarray(asked.parents_birth)
    assert (parents[0] == -1).all()
    entered = set()
    cells, accepted = np.asarray(done.cell), np.asarray(done.accepted)
    for g in range(GENERATIONS):
        pairs = zip(parents[g].ravel(), born[g].ravel(), strict=True)
        assert {(c, b) for c, b in pairs if c >= 0} <= entered
        entered |= {(cell, g) for cell in cells[g][accepted[g]]}


@pytest.mark.slow
def test_parents_are_drawn_from_all_elites_alike():
    filled = jnp.zeros(50, bool).at[jnp.array([0, 7, 8, 49])].set(True)
    cells = np.asarray(draw(jax.random.key(0), filled, (4000,)))
    found, counts = np.unique(cells, return_counts=True)
    assert found.tolist() == [0, 7, 8, 49]
    assert counts.max() - counts.min() < 200  # 1000 each, sd 27
    assert draw(jax.random.key(0), jnp.zeros(50, bool), (3,)).tolist() == [0, 0, 0]


def test_iso_line_varies_along_the_line_between_two_elites():
    config = EmitterConfig(
        emitter="iso_line", batch_size=512, iso_sigma=0.0, line_sigma=1.0
    )
    two = map_elites(ArchiveConfig(shape=(2, 1)), config, 2, devices=1)
    ask, tell = jax.jit(two.ask), jax.jit(two.tell)
    state = two.init(jax.random.key(0), jnp.zeros(2))
    asked, state = ask(jax.random.key(1), state)
    ends = jnp.tile(jnp.array([[0.0, 0.0], [3.0, 4.0]]), (256, 1))
    where = jnp.tile(jnp.array([[0.1, 0.5], [0.9, 0.5]]), (256, 1))
    state, _ = tell(state, asked.replace(genome=ends), jnp.ones(512), where)
    children = np.asarray(ask(jax.random.key(2), state)[0].genome)
    np.testing.assert_allclose(children[:, 1] * 3, children[:, 0] * 4, atol=1e-5)
    along = children @ np.array([0.6, 0.8]) / 5  # in units of the line
    moved = np.abs(along[:, None] - np.array([0, 1])[None]).min(axis=1) > 1e-6
    assert 0.4 < moved.mean() < 0.6  # half the pairs are twice the same elite


def test_improvement_ranks_new_cells_before_cells_made_better():
    fitness = jnp.array([1.0, 9.0, 5.0, 4.0, 7.0])
    before = jnp.array([-jnp.inf, 10.0, 1.0, -jnp.inf, -jnp.inf])
    has_cell = jnp.array([True, True, True, True, False])
    shaped_fitness = np.asarray(improvement_ranks(fitness, before, has_cell))
    # new: 4 before 1; old: gained 4, then lost 1; no cell: worst.
    assert np.argsort(-shaped_fitness[:4]).tolist() == [3, 0, 2, 1] and np.isnan(
        shaped_fitness[4]
    )


def test_a_strategy_that_changes_nothing_restarts_at_an_elite():
    improves = search("improvement")
    ask, tell = jax.jit(improves.ask), jax.jit(improves.tell)
    state = improves.init(jax.random.key(0), jnp.zeros(DIMS))
    for key in jax.random.split(jax.random.key(1), 3):
        asked, state = ask(key, state)
        state, _ = tell(state, asked, *try_out(asked.genome))
    asked, state = ask(jax.random.key(5), state)
    outside = jnp.full((BATCH, 2), 5.0)
    state, done = tell(state, asked, jnp.zeros(BATCH), outside)
    assert int(done.outside) == BATCH and bool(state.emitter.stuck)
    asked, state = ask(jax.random.key(6), state)
    cell = int(asked.parents[0, 0])
    assert bool(state.archive.filled[cell]) and not bool(state.emitter.stuck)
    gap = asked.genome - state.archive.genome[cell][None]
    assert float(jnp.abs(gap).mean()) < 3 * 0.2


def test_the_emitter_mutation_needs_a_function():
    with pytest.raises(ValueError, match="mutate must be a function"):
        map_elites(ARCHIVE, CONFIGS["mutation"], DIMS)
