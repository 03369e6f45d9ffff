"""Coverage, QD-score, fitness and age of an archive."""

import chex
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from koki2.search.archive.records import Archive


@chex.dataclass(frozen=True, kw_only=True)
class Summary:
    """Figures of an archive at one time."""

    coverage: Float[Array, ""]  # share of cells filled, in [0, 1]
    qd_score: Float[Array, ""]  # sum of (fitness - offset) over filled cells
    best: Float[Array, ""]  # NaN while empty, as the next two
    mean: Float[Array, ""]
    mean_age: Float[Array, ""]  # of the elites


def summary(archive: Archive, offset: float, now: Int[Array, ""]) -> Summary:
    """Computes the figures of an archive.

    Args:
      archive: of C cells.
      offset: the lowest possible fitness, so that no elite lowers the QD-score.
      now: the time in the unit of births; an elite's age is `now - birth`.

    Example:
      >>> archive = Archive(
      ...     genome=jnp.zeros((2, 1)), fitness=jnp.array([3.0, -jnp.inf]),
      ...     descriptor=jnp.zeros((2, 1)), filled=jnp.array([True, False]),
      ...     birth=jnp.array([4, -1]))
      >>> figures = summary(archive, -1.0, jnp.int32(10))
      >>> [float(x) for x in (
      ...     figures.coverage, figures.qd_score, figures.mean_age)]
      [0.5, 4.0, 6.0]

    Source: Pugh et al., "Quality diversity", 2016 (the QD-score).
    """
    filled = archive.filled
    count = jnp.sum(filled, dtype=jnp.int32).astype(jnp.float32)
    total = lambda x: jnp.sum(jnp.where(filled, x, 0.0))
    known = lambda x: jnp.where(count > 0, x, jnp.nan)
    mean = lambda x: known(total(x) / jnp.maximum(count, 1.0))
    return Summary(
        coverage=count / float(filled.shape[0]),
        qd_score=total(archive.fitness - offset),
        best=known(jnp.max(archive.fitness)),
        mean=mean(archive.fitness),
        mean_age=mean(ages(archive, now).astype(jnp.float32)),
    )


def ages(archive: Archive, now: Int[Array, ""]) -> Int[Array, " C"]:
    """Computes the age of each cell's elite; -1 where the cell is empty."""
    return jnp.where(archive.filled, now - archive.birth, -1)
