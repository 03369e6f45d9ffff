"""What an archive holds, what is put into it, and what became of that.

Arrays only: C cells, D numbers in a genome, B in a descriptor, N rows in a batch.
"""

from collections.abc import Callable
from typing import NamedTuple

import chex
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int


class Cells(NamedTuple):
    """A behaviour space cut into cells. Static: build it outside of `jit`."""

    count: int
    """How many cells there are, C."""
    low: np.ndarray
    """Lower edge of the space in each dimension, [B], float32. Belongs to it."""
    high: np.ndarray
    """Upper edge, likewise; belongs to it too."""
    centre: np.ndarray
    """A point of each cell, [C, B], float32: its middle, or its centroid."""
    shape: tuple[int, ...] | None
    """Cells per dimension, the last one running fastest; None where it is no grid."""
    index: Callable[[Float[Array, " B"]], Int[Array, ""]]
    """descriptor -> its cell, below C, or C where it is not finite or lies outside.
    One descriptor."""


@chex.dataclass(frozen=True, kw_only=True)
class Archive:
    """The best genome met so far in every cell. What is not filled is not read."""

    genome: Float[Array, "C D"]
    fitness: Float[Array, " C"]  # -inf where empty
    descriptor: Float[Array, "C B"]
    filled: Bool[Array, " C"]
    birth: Int[Array, " C"]  # when its elite came, as told; -1 where empty


@chex.dataclass(frozen=True, kw_only=True)
class Batch:
    """Genomes that were tried."""

    genome: Float[Array, "N D"]
    fitness: Float[Array, " N"]  # higher is better
    descriptor: Float[Array, "N B"]
    birth: Int[Array, " N"]  # when: a generation, say; not negative


@chex.dataclass(frozen=True, kw_only=True)
class Insertion:
    """What became of a batch, row by row."""

    cell: Int[Array, " N"]  # C where there is none
    accepted: Bool[Array, " N"]  # is an elite now
    before: Float[Array, " N"]  # fitness in that cell before; -inf if empty or none
    not_finite: Int[Array, ""]  # rows refused: fitness or descriptor NaN or infinite
    outside: Int[Array, ""]  # rows refused: a finite descriptor outside of the space


def empty(cells: Cells, num_dims: int) -> Archive:
    """An archive with nothing in it, for genomes of `num_dims` numbers.

    Example:
      >>> from koki2.search.archive import grid
      >>> from koki2.search.configs import ArchiveConfig
      >>> archive = empty(grid(ArchiveConfig(shape=(2, 3))), num_dims=5)
      >>> archive.genome.shape, int(archive.filled.sum())
      ((6, 5), 0)
    """
    count, dims = cells.centre.shape
    return Archive(
        genome=jnp.zeros((count, num_dims)),
        fitness=jnp.full(count, -jnp.inf, jnp.float32),
        descriptor=jnp.zeros((count, dims)),
        filled=jnp.zeros(count, bool),
        birth=jnp.full(count, -1, jnp.int32),
    )
