"""Where an archive is stored: on one device, or with its cells sharded over several.

Of n devices the d-th holds the cells c with c mod n = d, cell c in its slot c div n.
Neighbours in the behaviour space are on different devices, so a search that stays in a
corner of it still uses all of them. The batch is replicated and every device replaces
elites in its own cells, so that the archive is the same, bit for bit, on any number of
devices.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PyTree

from koki2.core import devices
from koki2.search.archive.insertion import insert, place, replace_per_cell
from koki2.search.archive.records import Archive, Batch, Cells, empty, Insertion


class Store(NamedTuple):
    """All access to an archive's arrays. Pure functions; the layout of an archive "as
    stored" depends on the devices, so only these functions may read it."""

    cells: Cells
    empty: Callable[[int], Archive]
    """num_dims -> an archive as stored."""
    insert: Callable[[Archive, Batch], tuple[Archive, Insertion]]
    """(archive as stored, batch) -> (archive as stored, the result per row)."""
    genomes: Callable[[Archive, Int[Array, " M"]], Float[Array, "M D"]]
    """(archive as stored, cells) -> the genomes in them."""
    whole: Callable[[Archive], Archive]
    """An archive as stored -> in the order of cells, replicated. Only what is used of
    it is computed: `whole(a).filled` moves no genome."""
    split: Callable[[Archive], Archive]
    """The inverse of `whole`."""


def store(cells: Cells, count: int | None = None) -> Store:
    """Builds a store over `count` devices.

    Args:
      cells: the cells.
      count: 1, or `devices.count()`, which None stands for.
    """
    count = devices.count() if count is None else count
    if count == 1:
        return Store(
            cells=cells,
            empty=lambda num_dims: empty(cells, num_dims),
            insert=lambda archive, batch: insert(cells, archive, batch),
            genomes=lambda archive, where: archive.genome[where],
            whole=lambda archive: archive,
            split=lambda archive: archive,
        )
    return _sharded(cells, count)


def _sharded(cells: Cells, count: int) -> Store:
    slots = -(-cells.count // count)
    sharded, replicated = jax.P(devices.ROW), jax.P()

    def split(archive: Archive) -> Archive:
        def split_leaf(x: Array) -> Array:
            pad = [(0, slots * count - cells.count)] + [(0, 0)] * (x.ndim - 1)
            x = jnp.pad(x, pad).reshape((slots, count) + x.shape[1:])
            return jax.lax.with_sharding_constraint(x.swapaxes(0, 1), devices.sharded())

        return jax.tree.map(split_leaf, archive)

    def whole(archive: Archive) -> Archive:
        def join_leaf(x: Array) -> Array:
            x = devices.replicate(x).swapaxes(0, 1)
            return x.reshape((slots * count,) + x.shape[2:])[: cells.count]

        return jax.tree.map(join_leaf, archive)

    def on_each(function: Callable, specs: tuple, out: PyTree) -> Callable:
        return jax.shard_map(
            function,
            mesh=devices.mesh(),
            in_specs=specs,
            out_specs=out,
            check_vma=False,
        )

    def slot(cell: Int[Array, " N"]) -> Int[Array, " N"]:
        """Slots of the cells on this device; -1 for cells on others."""
        mine = cell % count == jax.lax.axis_index(devices.ROW)
        return jnp.where(mine & (cell < cells.count), cell // count, -1)

    def insert_sharded(archive: Archive, batch: Batch) -> tuple[Archive, Insertion]:
        batch = devices.replicate(batch)
        cell, not_finite, outside = place(cells, batch)

        def replace_own(
            archive: Archive, batch: Batch, cell: Int[Array, " N"]
        ) -> tuple[Archive, Array, Array]:
            own = jax.tree.map(lambda x: x[0], archive)
            results = replace_per_cell(own, batch, slot(cell))
            return jax.tree.map(lambda x: x[None], results)

        after, accepted, before = on_each(
            replace_own, (sharded, replicated, replicated), (sharded, sharded, sharded)
        )(archive, batch, devices.replicate(cell))
        done = Insertion(
            cell=cell,
            accepted=jnp.any(devices.replicate(accepted), axis=0),
            before=jnp.max(devices.replicate(before), axis=0),
            not_finite=jnp.sum(not_finite, dtype=jnp.int32),
            outside=jnp.sum(outside, dtype=jnp.int32),
        )
        return after, done

    def genomes(archive: Archive, where: Int[Array, " M"]) -> Float[Array, "M D"]:
        def gather_own(genome: Array, where: Int[Array, " M"]) -> Array:
            place = slot(where)
            bits = jax.lax.bitcast_convert_type(genome[0], jnp.uint32)
            own = jnp.where((place >= 0)[:, None], bits[place], jnp.uint32(0))
            return jax.lax.psum(own, devices.ROW)  # of words, so that -0.0 stays

        bits = on_each(gather_own, (sharded, replicated), replicated)(
            archive.genome, devices.replicate(where)
        )
        return jax.lax.bitcast_convert_type(devices.replicate(bits), jnp.float32)

    return Store(
        cells=cells,
        empty=lambda num_dims: split(empty(cells, num_dims)),
        insert=insert_sharded,
        genomes=genomes,
        whole=whole,
        split=split,
    )
