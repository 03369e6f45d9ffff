"""Insertion: a batch meets the archive, and every cell keeps the better of them.

Of all that ever came to a cell, the one stays that is

    fitter; at equal fitness older; at equal age of the higher hash (see `ties`)

which orders all rows, so that neither the order of a batch nor how it was split into
smaller ones changes a bit of the archive. Rows whose fitness or descriptor is not
finite, or whose descriptor lies outside of the space, are refused and counted.

Genomes are copied one by one on a CPU, accepted ones only, for that touches the least
memory; elsewhere all at once.
"""

import functools
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from koki2.search.archive.records import Archive, Batch, Cells, Insertion
from koki2.search.archive.ties import order, words_of

_LOWEST = -(2**31)


def insert(cells: Cells, archive: Archive, batch: Batch) -> tuple[Archive, Insertion]:
    """Puts a batch into an archive.

    Pure. Under `jit`, donate the archive, or carry it in a `scan`, and its buffers are
    written in place (`inserter` does). `-0.0` counts as less than `0.0`.

    Args:
      cells: those the archive was made for.
      archive: to put them into.
      batch: rows in any order, duplicates too.

    Returns:
      The archive and what became of each row. Of rows equal to the bit, the first is
      the one that was accepted.

    Example:
      >>> from koki2.search.archive import empty, grid
      >>> from koki2.search.configs import ArchiveConfig
      >>> space = grid(ArchiveConfig(shape=(2, 2)))
      >>> batch = Batch(
      ...     genome=jnp.array([[1.0], [2.0], [3.0]]),
      ...     fitness=jnp.array([5.0, 7.0, jnp.nan]),
      ...     descriptor=jnp.array([[0.1, 0.1], [0.2, 0.2], [0.9, 0.9]]),
      ...     birth=jnp.zeros(3, jnp.int32))
      >>> archive, done = insert(space, empty(space, 1), batch)
      >>> archive.fitness.tolist(), done.accepted.tolist(), int(done.not_finite)
      ([7.0, -inf, -inf, -inf], [False, True, False], 1)

    Source: Mouret and Clune, "Illuminating search spaces by mapping elites", 2015,
    https://arxiv.org/abs/1504.04909; the rule for ties is ours.
    """
    cell, not_finite, outside = place(cells, batch)
    kept, accepted, before = settle(archive, batch, cell)
    done = Insertion(
        cell=cell,
        accepted=accepted,
        before=before,
        not_finite=jnp.sum(not_finite, dtype=jnp.int32),
        outside=jnp.sum(outside, dtype=jnp.int32),
    )
    return kept, done


def inserter(cells: Cells) -> Callable[[Archive, Batch], tuple[Archive, Insertion]]:
    """`insert` compiled, with the archive donated: what is given in is used up."""
    return jax.jit(functools.partial(insert, cells), donate_argnums=0)


def place(
    cells: Cells, batch: Batch
) -> tuple[Int[Array, " N"], Bool[Array, " N"], Bool[Array, " N"]]:
    """The cell of each row (C: none), which are not finite, and which lie outside."""
    numbers = jnp.concatenate([batch.fitness[:, None], batch.descriptor], axis=1)
    sound = jnp.all(jnp.isfinite(numbers), axis=1)
    found = jax.vmap(cells.index)(batch.descriptor)
    cell = jnp.where(sound, found, cells.count)
    return cell, ~sound, sound & (found == cells.count)


def settle(
    archive: Archive, batch: Batch, cell: Int[Array, " N"]
) -> tuple[Archive, Bool[Array, " N"], Float[Array, " N"]]:
    """Lets the rows of a batch into their cells, where they win them.

    Args:
      archive: C cells; they need not be all there are.
      batch: N rows.
      cell: of each row; below 0, or C and above, is none.

    Returns:
      The archive, who was accepted, and the fitness in their cells before.
    """
    count, rows = archive.fitness.shape[0], cell.shape[0]
    cell = jnp.where((cell >= 0) & (cell < count), cell, count)
    holds = jnp.where(archive.filled, order(archive.fitness), _LOWEST)
    level = order(batch.fitness)
    best = holds.at[cell].max(level, mode="drop")
    top = _at(best, cell, _LOWEST)
    best_of_batch = (cell < count) & (level == top)
    heads = (
        jnp.zeros(count, jnp.int32)
        .at[cell]
        .add(best_of_batch.astype(jnp.int32), mode="drop")
    )
    heads = heads + (archive.filled & (holds == best) & (heads > 0)).astype(jnp.int32)
    accepted = jax.lax.cond(
        jnp.any(heads > 1),
        lambda: _break_ties(archive, batch, cell, best_of_batch, holds == best),
        lambda: best_of_batch,
    )
    before = _at(archive.fitness, cell, -jnp.inf)
    to = jnp.where(accepted, cell, count)
    write = lambda old, new: old.at[to].set(new, mode="drop")
    after = Archive(
        genome=_copy(archive.genome, batch.genome, to, accepted, rows),
        fitness=write(archive.fitness, batch.fitness),
        descriptor=write(archive.descriptor, batch.descriptor),
        filled=write(archive.filled, True),
        birth=write(archive.birth, batch.birth),
    )
    return after, accepted, before


class _Heads(NamedTuple):
    """Who is still in the running for the cells."""

    row: Bool[Array, " N"]
    holder: Bool[Array, " C"]


def _break_ties(archive: Archive, batch: Batch, cell, row, holder) -> Bool[Array, " N"]:
    """Of rows and holders of equal fitness, the elder; then those of higher hash."""
    count, rows = archive.fitness.shape[0], cell.shape[0]
    heads = _Heads(row, holder & archive.filled)
    heads = _highest(heads, cell, -batch.birth, -archive.birth)
    per_cell = (
        jnp.zeros(count, jnp.int32)
        .at[cell]
        .add(heads.row.astype(jnp.int32), mode="drop")
    )
    contested = per_cell + heads.holder.astype(jnp.int32) > 1
    open_ = heads.row & _at(contested, cell, False)
    asked = jnp.sum(open_, dtype=jnp.int32)
    first = _front(open_, rows)
    ours = words_of(batch.genome, batch.descriptor, first, asked)
    where = jnp.minimum(cell[first], count - 1)
    theirs = words_of(archive.genome, archive.descriptor, where, asked)
    known = jnp.arange(rows) < asked
    row_words = jnp.zeros((rows, 2), jnp.uint32)
    row_words = row_words.at[jnp.where(known, first, rows)].set(ours, mode="drop")
    cell_words = jnp.zeros((count, 2), jnp.uint32)
    cell_words = cell_words.at[jnp.where(known, where, count)].set(theirs, mode="drop")
    for word in range(2):
        heads = _highest(
            heads, cell, _signed(row_words[:, word]), _signed(cell_words[:, word])
        )
    row = heads.row & ~_at(heads.holder, cell, False)  # an equal row changes nothing
    index = jnp.arange(rows, dtype=jnp.int32)
    lowest = jnp.full(count, rows, jnp.int32)
    lowest = lowest.at[jnp.where(row, cell, count)].min(index, mode="drop")
    return row & (_at(lowest, cell, rows) == index)


def _highest(heads: _Heads, cell, row_key, holder_key) -> _Heads:
    """Those of the running whose key is the highest in their cell."""
    count = heads.holder.shape[0]
    top = jnp.where(heads.holder, holder_key, _LOWEST)
    top = top.at[jnp.where(heads.row, cell, count)].max(row_key, mode="drop")
    return _Heads(
        heads.row & (row_key == _at(top, cell, _LOWEST)),
        heads.holder & (holder_key == top),
    )


def _copy(genome, new, to, accepted, rows: int) -> Float[Array, "C D"]:
    """Writes the accepted rows; the one place where two ways are chosen from."""
    if jax.default_backend() != "cpu":
        return genome.at[to].set(new, mode="drop")
    first = _front(accepted, rows)
    target = to[first]

    def one(i, genome):
        row = jax.lax.dynamic_slice_in_dim(new, first[i], 1)
        return jax.lax.dynamic_update_slice_in_dim(genome, row, target[i], 0)

    total = jnp.sum(accepted, dtype=jnp.int32)
    return jax.lax.fori_loop(jnp.int32(0), total, one, genome)


def _front(mask: Bool[Array, " N"], rows: int) -> Int[Array, " N"]:
    """The indices where a mask is true, in order; then zeros."""
    # An associative scan, which XLA compiles to less than a cumsum on a CPU.
    before = jax.lax.associative_scan(jnp.add, mask.astype(jnp.int32)) - 1
    place = jnp.where(mask, before, rows)
    index = jnp.arange(rows, dtype=jnp.int32)
    return jnp.zeros(rows, jnp.int32).at[place].set(index, mode="drop")


def _at(values, cell, otherwise):
    """The value of each row's cell; of no cell, `otherwise`."""
    return values.at[cell].get(mode="fill", fill_value=otherwise)


def _signed(word):
    """Unsigned words as signed ones of the same order."""
    return jax.lax.bitcast_convert_type(word ^ jnp.uint32(2**31), jnp.int32)
