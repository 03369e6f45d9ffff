"""Records: an archive, a batch to insert, and the result of an insertion.

Arrays only: C cells, D numbers in a genome, B in a descriptor, N rows in a batch.
"""

from collections.abc import Callable
from typing import NamedTuple

import chex
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int


class Cells(NamedTuple):
    """A behaviour space divided into cells. Static: build it outside of `jit`."""

    count: int
    """Number of cells, C."""
    low: np.ndarray
    """Lower edge of the space in each dimension, [B], float32. Part of the space."""
    high: np.ndarray
    """Upper edge, likewise; part of the space too."""
    centre: np.ndarray
    """A point of each cell, [C, B], float32: its middle, or its centroid."""
    shape: tuple[int, ...] | None
    """Cells per dimension, the last varying fastest; None if it is not a grid."""
    index: Callable[[Float[Array, " B"]], Int[Array, ""]]
    """descriptor -> its cell, below C; C if it is not finite or is outside of the
    space. One descriptor."""


@chex.dataclass(frozen=True, kw_only=True)
class Archive:
    """The elite of every cell. Cells that are not filled are not read.

    Not a `novelty.NoveltyArchive`, which is a ring buffer of past behaviours.
    """

    genome: Float[Array, "C D"]
    fitness: Float[Array, " C"]  # -inf where empty
    descriptor: Float[Array, "C B"]
    filled: Bool[Array, " C"]
    birth: Int[Array, " C"]  # birth of its elite, as in its batch; -1 where empty


@chex.dataclass(frozen=True, kw_only=True)
class Batch:
    """Genomes that were evaluated."""

    genome: Float[Array, "N D"]
    fitness: Float[Array, " N"]  # higher is better; NaN of a genome that failed
    descriptor: Float[Array, "N B"]
    birth: Int[Array, " N"]  # when, as a generation number; not negative


@chex.dataclass(frozen=True, kw_only=True)
class Insertion:
    """The result of inserting a batch, row by row."""

    cell: Int[Array, " N"]  # C if it has none
    accepted: Bool[Array, " N"]  # is an elite now
    before: Float[Array, " N"]  # fitness in that cell before; -inf if empty or none
    not_finite: Int[Array, ""]  # rows refused: fitness or descriptor NaN or infinite
    outside: Int[Array, ""]  # rows refused: a finite descriptor outside of the space


def empty(cells: Cells, num_dims: int) -> Archive:
    """Returns an archive without elites, for genomes of `num_dims` numbers.

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
