"""Novelty: how far a behaviour is from all others, of now and of the past.

    novelty_i = mean distance of i to its k nearest neighbours

among the rest of the population and a `NoveltyArchive` of past behaviours. Distances
are Euclidean; descriptors should be scaled so that a unit means the same in each
dimension.
"""

import chex
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

ROWS = 256  # of the population whose distances are in memory at once


@chex.dataclass(frozen=True, kw_only=True)
class NoveltyArchive:
    """Past behaviours: a ring buffer in which the newest replaces the oldest.

    Not an `archive.Archive`: it has no cells and keeps no genomes.
    """

    behaviour: Float[Array, "A B"]
    filled: Int[Array, ""]  # how many rows are in use, from the first on
    next: Int[Array, ""]  # the row written next


def empty_archive(size: int, dims: int) -> NoveltyArchive:
    """Returns a novelty archive without entries, with room for `size` behaviours."""
    return NoveltyArchive(
        behaviour=jnp.zeros((size, dims)), filled=jnp.int32(0), next=jnp.int32(0)
    )


def novelty(
    behaviour: Float[Array, "P B"],
    present: Bool[Array, " P"],
    archive: NoveltyArchive,
    k: int,
) -> Float[Array, " P"]:
    """Computes the mean distance to the k nearest neighbours; to all, if fewer.

    Args:
      behaviour: of the population, finite.
      present: which rows count as neighbours; none is a neighbour of itself.
      archive: past behaviours.
      k: number of neighbours.

    Returns:
      0 for rows that have no neighbour.

    Example:
      >>> line = jnp.array([[0.0], [1.0], [3.0]])
      >>> novelty(line, jnp.ones(3, bool), empty_archive(4, 1), k=2).tolist()
      [2.0, 1.5, 2.5]

    Source: Lehman and Stanley, "Abandoning objectives", 2011.
    """
    filled = jnp.arange(archive.behaviour.shape[0]) < archive.filled
    return novelty_among(behaviour, present, archive.behaviour, filled, k)


def novelty_among(
    behaviour: Float[Array, "P B"],
    present: Bool[Array, " P"],
    others: Float[Array, "A B"],
    known: Bool[Array, " A"],
    k: int,
) -> Float[Array, " P"]:
    """Computes `novelty` with respect to any others, of which those `known` count.

    Example:
      >>> others = jnp.array([[1.0], [2.0], [9.0]])
      >>> known = jnp.array([True, False, True])
      >>> novelty_among(
      ...     jnp.array([[0.0]]), jnp.ones(1, bool), others, known, k=2).tolist()
      [5.0]
    """
    size = others.shape[0]
    valid = jnp.concatenate([known, present])
    place = jnp.arange(valid.shape[0])
    points = jnp.concatenate([others, behaviour])
    k = min(k, valid.shape[0])

    def mean_distance(row: tuple[Float[Array, " B"], Int[Array, ""]]) -> Array:
        own, index = row
        distance = jnp.sqrt(jnp.sum((points - own[None]) ** 2, axis=1))
        counts = valid & (place != index)
        nearest = -jax.lax.top_k(jnp.where(counts, -distance, -jnp.inf), k)[0]
        exists = jnp.isfinite(nearest)
        total = jnp.sum(jnp.where(exists, nearest, 0.0))
        return total / jnp.maximum(jnp.sum(exists), 1).astype(total.dtype)

    rows = (behaviour, size + jnp.arange(behaviour.shape[0]))
    return jax.lax.map(mean_distance, rows, batch_size=ROWS)


def remember(
    archive: NoveltyArchive, behaviour: Float[Array, "M B"], valid: Bool[Array, " M"]
) -> NoveltyArchive:
    """Adds the valid rows of some behaviours to a novelty archive.

    Args:
      archive: of A behaviours.
      behaviour: at most A rows.
      valid: which rows to add; these must come first.

    Example:
      >>> new = jnp.array([[1.0], [2.0], [3.0]])
      >>> archive = remember(empty_archive(4, 1), new, jnp.array([True, True, True]))
      >>> archive = remember(archive, 10 * new, jnp.array([True, True, False]))
      >>> archive.behaviour[:, 0].tolist(), int(archive.filled), int(archive.next)
      ([20.0, 2.0, 3.0, 10.0], 4, 1)

    Raises:
      ValueError: more behaviours than the archive has room for.
    """
    size, count = archive.behaviour.shape[0], behaviour.shape[0]
    if count > size:
        raise ValueError(
            f"behaviour must have at most {size} rows, the size of the archive, "
            f"got {count}."
        )
    place = (archive.next + jnp.arange(count)) % size
    place = jnp.where(valid, place, size)  # beyond the end: dropped
    entered = jnp.sum(valid, dtype=jnp.int32)
    return NoveltyArchive(
        behaviour=archive.behaviour.at[place].set(behaviour, mode="drop"),
        filled=jnp.minimum(archive.filled + entered, size),
        next=(archive.next + entered) % size,
    )
