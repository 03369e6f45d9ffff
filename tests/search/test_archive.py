"""Insertion: exact, and the same in whatever order and pieces a batch comes."""

import dataclasses
import functools
import operator

import archive_oracle
import hypothesis
import hypothesis.strategies as some
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from bits import assert_same_bits
from lanes_of_tests import mostly_slow

from koki2.search import ArchiveConfig
from koki2.search.archive import Batch, cells, empty, insert, inserter, summary

ROWS, DIMS = 24, 5
GRID = cells(ArchiveConfig(shape=(3, 4), low=(0.0, -1.0)))
CVT = cells(ArchiveConfig(archive="cvt", cvt_cells=12, cvt_samples=256))
SPACES = {"grid": GRID, "cvt": CVT}
INSERT = {name: jax.jit(functools.partial(insert, s)) for name, s in SPACES.items()}
FITNESS = np.array(
    [0.0, -0.0, 1.0, 1.0, 1.0, 2.5, -3.0, np.nan, np.inf, -np.inf, 1e30], np.float32
)
thorough = hypothesis.settings(
    max_examples=60, deadline=None, derandomize=True, database=None
)


def draw(seed: int) -> Batch:
    """A batch full of ties, duplicates, NaN and descriptors from outside."""
    rng = np.random.default_rng(seed)
    genome = rng.integers(0, 2, (ROWS, DIMS)).astype(np.float32)
    descriptor = rng.uniform(-0.15, 1.15, (ROWS, 2)).astype(np.float32)
    descriptor[rng.uniform(size=ROWS) < 0.5] = [0.5, 0.5]  # a crowded cell
    descriptor[rng.uniform(size=ROWS) < 0.05] = np.nan
    twins = rng.integers(0, ROWS, (2, 6))
    genome[twins[0]], descriptor[twins[0]] = genome[twins[1]], descriptor[twins[1]]
    few = FITNESS[rng.integers(0, len(FITNESS), ROWS)]
    return Batch(
        genome=jnp.asarray(genome),
        fitness=jnp.asarray(np.where(rng.uniform(size=ROWS) < 0.7, few, np.float32(1))),
        descriptor=jnp.asarray(descriptor),
        birth=jnp.asarray(rng.integers(0, 3, ROWS), jnp.int32),
    )


def few(fitness: list, descriptor: list, birth: list, first_gene: float = 0) -> Batch:
    """A batch that ends in rows without a fitness, which none accepts."""
    after = ROWS - len(fitness)
    return Batch(
        genome=jnp.array(np.full((ROWS, DIMS), first_gene), jnp.float32),
        fitness=jnp.array([*fitness, *[np.nan] * after], jnp.float32),
        descriptor=jnp.array([*descriptor, *[[0.0, 0.0]] * after], jnp.float32),
        birth=jnp.array([*birth, *[0] * after], jnp.int32),
    )


def only(batch: Batch, mask: np.ndarray) -> Batch:
    """The batch with all rows but those of the mask made unacceptable."""
    fitness = jnp.where(jnp.asarray(mask), batch.fitness, jnp.nan)
    return dataclasses.replace(batch, fitness=fitness)


def arrays(record) -> dict[str, np.ndarray]:
    return {
        name: np.asarray(value) for name, value in dataclasses.asdict(record).items()
    }


@pytest.mark.parametrize("name", SPACES)
@thorough
@hypothesis.given(seed=some.integers(0, 2**32 - 1), data=some.data())
def test_neither_order_nor_pieces_nor_repetition_change_a_bit(name, seed, data):
    batch, space, put = draw(seed), SPACES[name], INSERT[name]
    whole, _ = put(empty(space, DIMS), batch)

    order = np.array(data.draw(some.permutations(range(ROWS))))
    shuffled, _ = put(empty(space, DIMS), jax.tree.map(lambda x: x[order], batch))
    assert_same_bits(whole, shuffled)

    piece = np.array(
        data.draw(some.lists(some.integers(0, 3), min_size=ROWS, max_size=ROWS))
    )
    archive = empty(space, DIMS)
    for part in data.draw(some.permutations(range(4))):
        archive, _ = put(archive, only(batch, piece == part))
    assert_same_bits(whole, archive)

    again, done = put(whole, batch)
    assert_same_bits(whole, again)
    assert not done.accepted.any()


@pytest.mark.parametrize("name", mostly_slow(SPACES, "grid"))
def test_it_agrees_with_the_oracle_on_500_batches_of_two_spaces(name):
    space, put = SPACES[name], INSERT[name]
    for seed in range(50):
        archive, plain = empty(space, DIMS), arrays(empty(space, DIMS))
        for part in range(5):
            batch = draw(1000 * seed + part)
            archive, done = put(archive, batch)
            plain = archive_oracle.insert(plain, arrays(batch), done.cell.tolist())
            assert_same_bits(arrays(archive), plain)


def test_what_is_not_finite_or_outside_is_refused_and_counted():
    batch = Batch(
        genome=jnp.ones((6, 2)),
        fitness=jnp.array([1.0, jnp.nan, -jnp.inf, jnp.inf, 1.0, 1.0]),
        descriptor=jnp.array(
            [
                [1.0, 1.0],
                [0.0, 0.0],
                [0.0, 0.0],
                [0.0, 0.0],
                [0.0, jnp.nan],
                [0.0, 1.01],
            ]
        ),
        birth=jnp.zeros(6, jnp.int32),
    )
    archive, done = jax.jit(functools.partial(insert, GRID))(empty(GRID, 2), batch)
    assert (int(done.not_finite), int(done.outside)) == (4, 1)
    assert done.accepted.tolist() == [True] + 5 * [False]
    assert done.cell.tolist() == [11] + 5 * [12]
    assert archive.filled.sum() == 1


def test_the_elder_keeps_the_cell_from_its_equals():
    put = INSERT["grid"]
    one, later = (few([2.0], [[0.5, 0.5]], [6 + n], n) for n in (1, 2))
    for first, second in ((one, later), (later, one)):
        archive, _ = put(empty(GRID, DIMS), first)
        archive, done = put(archive, second)
        assert np.max(archive.genome) == 1.0
        assert done.before[0] == 2.0


def test_ties_favour_no_gene_for_being_large():
    rows = 256
    batch = Batch(
        genome=jnp.arange(rows, dtype=jnp.float32)[:, None] / rows,
        fitness=jnp.ones(rows),
        descriptor=jnp.full((rows, 2), 0.5),
        birth=jnp.zeros(rows, jnp.int32),
    )
    put, winners = jax.jit(functools.partial(insert, GRID)), []
    for start in range(0, rows, 4):
        four = jax.tree.map(operator.itemgetter(slice(start, start + 4)), batch)
        archive, _ = put(empty(GRID, 1), four)
        winners.append(round(float(archive.genome.max()) * rows) - start)
    counts = np.bincount(winners, minlength=4)  # 16 each by chance, sd 3.5
    assert counts.sum() == 64 and counts.min() >= 6, counts


@pytest.mark.slow
def test_compiled_and_donated_it_gives_the_bits_of_plain_python():
    for seed in range(2):
        start = INSERT["grid"](empty(GRID, DIMS), draw(seed + 100))[0]
        plain = insert(GRID, start, draw(seed))
        copied = jax.tree.map(jnp.array, start)
        assert_same_bits(plain, inserter(GRID)(copied, draw(seed)))
        assert copied.genome.is_deleted()


@pytest.mark.slow
def test_an_archive_of_many_seeds_is_many_archives():
    batches = [draw(seed) for seed in range(3)]
    stacked = jax.tree.map(lambda *x: jnp.stack(x), *batches)
    many = jax.vmap(lambda batch: insert(GRID, empty(GRID, DIMS), batch))(stacked)
    for i, batch in enumerate(batches):
        alone = INSERT["grid"](empty(GRID, DIMS), batch)
        assert_same_bits(alone, jax.tree.map(operator.itemgetter(i), many))


def test_the_figures_of_an_archive_can_be_checked_on_paper():
    where = [[0.1, -0.9], [0.9, 0.9], [0.5, 0.0]]
    batch = few([4.0, 1.0, -2.0], where, [0, 3, 5])
    archive, _ = INSERT["grid"](empty(GRID, DIMS), batch)
    figures = jax.jit(summary, static_argnums=1)
    found = figures(archive, -2.0, jnp.int32(6))
    assert found.coverage == 3 / 12
    assert found.qd_score == 6 + 3 + 0
    assert (found.best, found.mean, found.mean_age) == (4.0, 1.0, (6 + 3 + 1) / 3)
    nothing = figures(empty(GRID, DIMS), 0.0, jnp.int32(6))
    assert nothing.qd_score == 0 and np.isnan(nothing.best)
