"""The contract every emitter keeps (`contracts.emitter` checks it)."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from koki2.core.types import Key
from koki2.search.archive.records import Archive, Batch, Insertion

State = Any


class Elites(NamedTuple):
    """What an emitter may read of the archive. Only the genomes that it asks for are
    gathered, since they may be sharded over many devices."""

    cells: Archive
    """In the order of cells, replicated; do not read `genome` of it."""
    genomes: Callable[[Int[Array, " M"]], Float[Array, "M D"]]
    """cells -> the genomes in them; for an empty cell, the initial genome."""


class Emitter(NamedTuple):
    """Makes genomes to evaluate. Pure functions, for use under `jit` and `scan`."""

    name: str
    batch_size: int
    """Genomes per generation, P. Static."""
    init: Callable[[Key, Float[Array, " D"]], State]
    """(key, initial genome) -> state."""
    ask: Callable[
        [Key, State, Elites], tuple[Float[Array, "P D"], Int[Array, "P 2"], State]
    ]
    """(key, state, elites) -> (genomes, the cells of their parents, state); -1 stands
    for no parent."""
    tell: Callable[[State, Batch, Insertion, Elites], State]
    """(state, batch, result of its insertion, elites after) -> state."""


def show_elites(
    cells: Archive,
    stored: Callable[[Int[Array, " M"]], Float[Array, "M D"]],
    first: Float[Array, " D"],
) -> Elites:
    """Shows an archive to an emitter.

    Args:
      cells: the archive in the order of its cells.
      stored: cells -> the genomes that are stored of them.
      first: the initial genome, which stands for those of empty cells.
    """

    def genomes(where: Int[Array, " M"]) -> Float[Array, "M D"]:
        genomes = stored(where)
        return jnp.where(cells.filled[where][:, None], genomes, first[None])

    return Elites(cells, genomes)


def draw(
    key: Key, filled: Bool[Array, " C"], shape: tuple[int, ...]
) -> Int[Array, "*M"]:
    """Draws cells uniformly from those that are filled; 0 if none is.

    Example:
      >>> filled = jnp.array([False, True, False, True])
      >>> sorted(set(draw(jax.random.key(0), filled, (16,)).tolist()))
      [1, 3]
    """
    upto = jax.lax.associative_scan(jnp.add, filled.astype(jnp.int32))
    which = jax.random.randint(key, shape, 0, jnp.maximum(upto[-1], 1))
    return jnp.searchsorted(upto, which, side="right").astype(jnp.int32) * (
        upto[-1] > 0
    ).astype(jnp.int32)


def normal(key: Key, shape: tuple[int, ...]) -> Float[Array, "..."]:
    """Draws `jax.random.normal` behind an optimization barrier.

    Fused with the addition to genomes, XLA would draw the numbers one by one, and again
    for each consumer, which takes a CPU several times as long.
    """
    return jax.lax.optimization_barrier(jax.random.normal(key, shape))


def parents_of(
    cell: Int[Array, " P"],
    filled: Bool[Array, " C"],
    second: Int[Array, " P"] | None = None,
) -> Int[Array, "P 2"]:
    """Returns parents as `ask` does: -1 where the archive was empty."""
    second = jnp.full_like(cell, -1) if second is None else second
    pair = jnp.stack([cell, second], axis=1)
    return jnp.where(jnp.any(filled), pair, -1)
