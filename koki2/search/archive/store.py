"""Where an archive lives: on one device, or its cells dealt out to several.

Of n devices the d-th holds the cells c with c mod n = d, cell c in its slot c div n.
A hash would scatter cells as evenly, and mean nothing; neighbours in the behaviour
space go to different devices, so a search that dwells in a corner of it still keeps
all of them busy. Every device sees the whole batch and settles its own cells, so that
the archive is the same, bit for bit, on any number of devices.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from koki2.core import devices
from koki2.search.archive.insertion import insert, place, settle
from koki2.search.archive.records import Archive, Batch, Cells, empty, Insertion


class Store(NamedTuple):
    """All that touches an archive's arrays. Pure functions; an archive "as stored" has
    whatever shape suits the devices, and is to be handed on only."""

    cells: Cells
    empty: Callable[[int], Archive]
    """num_dims -> an archive as stored."""
    insert: Callable[[Archive, Batch], tuple[Archive, Insertion]]
    """(archive as stored, batch) -> the same, and what became of each row."""
    genomes: Callable[[Archive, Int[Array, " M"]], Float[Array, "M D"]]
    """(archive as stored, cells) -> the genomes in them."""
    whole: Callable[[Archive], Archive]
    """An archive as stored -> in the order of cells, on every device. Only what is
    used of it is computed: `whole(a).filled` moves no genome."""
    split: Callable[[Archive], Archive]
    """The inverse of `whole`."""


def store(cells: Cells, count: int | None = None) -> Store:
    """A store over so many devices, all there are if None.

    Args:
      cells: the cells.
      count: 1, or `jax.device_count()`.
    """
    count = jax.device_count() if count is None else count
    if count == 1:
        return Store(
            cells=cells,
            empty=lambda num_dims: empty(cells, num_dims),
            insert=lambda archive, batch: insert(cells, archive, batch),
            genomes=lambda archive, where: archive.genome[where],
            whole=lambda archive: archive,
            split=lambda archive: archive,
        )
    return _dealt(cells, count)


def _dealt(cells: Cells, count: int) -> Store:
    slots = -(-cells.count // count)
    spread, same = jax.P(devices.ROW), jax.P()

    def split(archive: Archive) -> Archive:
        def deal(x):
            pad = [(0, slots * count - cells.count)] + [(0, 0)] * (x.ndim - 1)
            x = jnp.pad(x, pad).reshape((slots, count) + x.shape[1:])
            return jax.lax.with_sharding_constraint(x.swapaxes(0, 1), devices.sharded())

        return jax.tree.map(deal, archive)

    def whole(archive: Archive) -> Archive:
        def gather(x):
            x = devices.replicate(x).swapaxes(0, 1)
            return x.reshape((slots * count,) + x.shape[2:])[: cells.count]

        return jax.tree.map(gather, archive)

    def on_each(function, specs, out):
        return jax.shard_map(
            function,
            mesh=devices.mesh(),
            in_specs=specs,
            out_specs=out,
            check_vma=False,
        )

    def slot(cell: Int[Array, " N"]) -> Int[Array, " N"]:
        """Of cells that are this device's; -1 of others'."""
        mine = cell % count == jax.lax.axis_index(devices.ROW)
        return jnp.where(mine & (cell < cells.count), cell // count, -1)

    def insert_dealt(archive: Archive, batch: Batch) -> tuple[Archive, Insertion]:
        batch = devices.replicate(batch)
        cell, not_finite, outside = place(cells, batch)

        def settle_mine(archive, batch, cell):
            mine = jax.tree.map(lambda x: x[0], archive)
            after, accepted, before = settle(mine, batch, slot(cell))
            found = after, accepted, before
            return jax.tree.map(lambda x: x[None], found)

        after, accepted, before = on_each(
            settle_mine, (spread, same, same), (spread, spread, spread)
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
        def mine(genome, where):
            place = slot(where)
            bits = jax.lax.bitcast_convert_type(genome[0], jnp.uint32)
            own = jnp.where((place >= 0)[:, None], bits[place], jnp.uint32(0))
            return jax.lax.psum(own, devices.ROW)  # of words, so that -0.0 stays

        bits = on_each(mine, (spread, same), same)(
            archive.genome, devices.replicate(where)
        )
        return jax.lax.bitcast_convert_type(devices.replicate(bits), jnp.float32)

    return Store(
        cells=cells,
        empty=lambda num_dims: split(empty(cells, num_dims)),
        insert=insert_dealt,
        genomes=genomes,
        whole=whole,
        split=split,
    )
