"""Insertion: per-cell replacement of elites by the better rows of a batch.

Of all rows that were ever inserted into a cell, the elite is the one that is

    fitter; at equal fitness older; at equal age of the higher hash (see `ties`)

This is a total order, so that neither the order of a batch nor how it was split into
smaller ones changes a bit of the archive. Rows whose fitness or descriptor is not
finite, or whose descriptor is outside of the space, are refused and counted. Genomes
are not read here but for the few accepted, which is what makes insertion fast: where
they are evaluated, one that is not finite gets a fitness of NaN (`evaluate_genomes`).
"""

import functools
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, UInt32

from koki2.search.archive.records import Archive, Batch, Cells, Insertion
from koki2.search.archive.ties import order, words_of

_LOWEST = -(2**31)


def insert(cells: Cells, archive: Archive, batch: Batch) -> tuple[Archive, Insertion]:
    """Inserts a batch into an archive.

    Pure. Under `jit`, donate the archive, or carry it in a `scan`, and its buffers are
    written in place (`inserter` does). `-0.0` counts as less than `0.0`.

    Args:
      cells: the cells the archive was made for.
      archive: the archive before.
      batch: rows in any order, duplicates included.

    Returns:
      The archive after, and the result per row. Of rows equal to the bit, the first is
      the one that counts as accepted.

    Example:
      >>> from koki2.search.archive import empty, grid
      >>> from koki2.search.configs import ArchiveConfig
      >>> space = grid(ArchiveConfig(shape=(2, 2)))
      >>> batch = Batch(
      ...     genome=jnp.array([[1.0], [2.0], [3.0]]),
      ...     fitness=jnp.array([5.0, 7.0, jnp.nan]),
      ...     descriptor=jnp.array([[0.1, 0.1], [0.2, 0.2], [0.9, 0.9]]),
      ...     birth=jnp.zeros(3, jnp.int32))
      >>> archive, result = insert(space, empty(space, 1), batch)
      >>> archive.fitness.tolist(), result.accepted.tolist(), int(result.not_finite)
      ([7.0, -inf, -inf, -inf], [False, True, False], 1)

    Source: Mouret and Clune, "Illuminating search spaces by mapping elites", 2015,
    https://arxiv.org/abs/1504.04909; the rule for ties is ours.
    """
    cell, not_finite, outside = place(cells, batch)
    after, accepted, before = replace_per_cell(archive, batch, cell)
    result = Insertion(
        cell=cell,
        accepted=accepted,
        before=before,
        not_finite=jnp.sum(not_finite, dtype=jnp.int32),
        outside=jnp.sum(outside, dtype=jnp.int32),
    )
    return after, result


def inserter(cells: Cells) -> Callable[[Archive, Batch], tuple[Archive, Insertion]]:
    """Compiles `insert` with the archive donated: its old buffers are reused."""
    return jax.jit(functools.partial(insert, cells), donate_argnums=0)


def place(
    cells: Cells, batch: Batch
) -> tuple[Int[Array, " N"], Bool[Array, " N"], Bool[Array, " N"]]:
    """Finds each row's cell (C: none), which rows are not finite, which are outside."""
    numbers = jnp.concatenate([batch.fitness[:, None], batch.descriptor], axis=1)
    finite = jnp.all(jnp.isfinite(numbers), axis=1)
    index = jax.vmap(cells.index)(batch.descriptor)
    cell = jnp.where(finite, index, cells.count)
    return cell, ~finite, finite & (index == cells.count)


def replace_per_cell(
    archive: Archive, batch: Batch, cell: Int[Array, " N"]
) -> tuple[Archive, Bool[Array, " N"], Float[Array, " N"]]:
    """Replaces the elite of each cell by the best row that is better than it.

    Args:
      archive: C cells, all or those of one device.
      batch: N rows.
      cell: of each row; below 0, or C and above, is none.

    Returns:
      The archive after, which rows were accepted, and the fitness in each row's cell
      before.
    """
    count = archive.fitness.shape[0]
    cell = jnp.where((cell >= 0) & (cell < count), cell, count)
    elite = jnp.where(archive.filled, order(archive.fitness), _LOWEST)
    level = order(batch.fitness)
    best = elite.at[cell].max(level, mode="drop")
    top = _at(best, cell, _LOWEST)
    best_of_batch = (cell < count) & (level == top)
    contenders = (
        jnp.zeros(count, jnp.int32)
        .at[cell]
        .add(best_of_batch.astype(jnp.int32), mode="drop")
    )
    contenders = contenders + (
        archive.filled & (elite == best) & (contenders > 0)
    ).astype(jnp.int32)
    accepted = jax.lax.cond(
        jnp.any(contenders > 1),
        lambda: _break_ties(archive, batch, cell, best_of_batch, elite == best),
        lambda: best_of_batch,
    )
    before = _at(archive.fitness, cell, -jnp.inf)
    to = jnp.where(accepted, cell, count)
    write = lambda old, new: old.at[to].set(new, mode="drop")
    after = Archive(
        genome=write(archive.genome, batch.genome),
        fitness=write(archive.fitness, batch.fitness),
        descriptor=write(archive.descriptor, batch.descriptor),
        filled=write(archive.filled, True),
        birth=write(archive.birth, batch.birth),
    )
    return after, accepted, before


class _Contenders(NamedTuple):
    """Rows and elites that no comparison has ruled out so far."""

    row: Bool[Array, " N"]
    elite: Bool[Array, " C"]


def _break_ties(
    archive: Archive,
    batch: Batch,
    cell: Int[Array, " N"],
    row: Bool[Array, " N"],
    elite: Bool[Array, " C"],
) -> Bool[Array, " N"]:
    """Of rows and elites of equal fitness, the older; then those of higher hash."""
    count, rows = archive.fitness.shape[0], cell.shape[0]
    left = _Contenders(row, elite & archive.filled)
    left = _highest(left, cell, -batch.birth, -archive.birth)
    per_cell = (
        jnp.zeros(count, jnp.int32)
        .at[cell]
        .add(left.row.astype(jnp.int32), mode="drop")
    )
    contested = per_cell + left.elite.astype(jnp.int32) > 1
    tied = left.row & _at(contested, cell, False)
    tied_count = jnp.sum(tied, dtype=jnp.int32)
    first = _front(tied, rows)
    batch_words = words_of(batch.genome, batch.descriptor, first, tied_count)
    where = jnp.minimum(cell[first], count - 1)
    archive_words = words_of(archive.genome, archive.descriptor, where, tied_count)
    known = jnp.arange(rows) < tied_count
    row_words = jnp.zeros((rows, 2), jnp.uint32)
    row_words = row_words.at[jnp.where(known, first, rows)].set(
        batch_words, mode="drop"
    )
    cell_words = jnp.zeros((count, 2), jnp.uint32)
    cell_words = cell_words.at[jnp.where(known, where, count)].set(
        archive_words, mode="drop"
    )
    for word in range(2):
        left = _highest(
            left, cell, _signed(row_words[:, word]), _signed(cell_words[:, word])
        )
    row = left.row & ~_at(left.elite, cell, False)  # an equal row changes nothing
    index = jnp.arange(rows, dtype=jnp.int32)
    lowest = jnp.full(count, rows, jnp.int32)
    lowest = lowest.at[jnp.where(row, cell, count)].min(index, mode="drop")
    return row & (_at(lowest, cell, rows) == index)


def _highest(
    left: _Contenders,
    cell: Int[Array, " N"],
    row_key: Int[Array, " N"],
    elite_key: Int[Array, " C"],
) -> _Contenders:
    """The contenders whose key is the highest in their cell."""
    count = left.elite.shape[0]
    top = jnp.where(left.elite, elite_key, _LOWEST)
    top = top.at[jnp.where(left.row, cell, count)].max(row_key, mode="drop")
    return _Contenders(
        left.row & (row_key == _at(top, cell, _LOWEST)),
        left.elite & (elite_key == top),
    )


def _front(mask: Bool[Array, " N"], rows: int) -> Int[Array, " N"]:
    """The indices where a mask is true, in order; then zeros."""
    # On a CPU, XLA compiles an associative scan to less code than a cumsum.
    before = jax.lax.associative_scan(jnp.add, mask.astype(jnp.int32)) - 1
    place = jnp.where(mask, before, rows)
    index = jnp.arange(rows, dtype=jnp.int32)
    return jnp.zeros(rows, jnp.int32).at[place].set(index, mode="drop")


def _at(values: Array, cell: Int[Array, " N"], otherwise: float | int | bool) -> Array:
    """The value of each row's cell; `otherwise` for rows without a cell."""
    return values.at[cell].get(mode="fill", fill_value=otherwise)


def _signed(word: UInt32[Array, " M"]) -> Int[Array, " M"]:
    """Converts unsigned words to signed ones of the same order."""
    return jax.lax.bitcast_convert_type(word ^ jnp.uint32(2**31), jnp.int32)
