"""Novelty: how unlike all others a behaviour is, now and in a memory of the past.

    novelty_i = mean distance of i to its k nearest neighbours

among the others of the population and the behaviours remembered. Distances are
Euclidean; descriptors should be scaled so that a unit means as much in each direction.
"""

import chex
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

ROWS = 256  # of the population whose distances are held at once


@chex.dataclass(frozen=True, kw_only=True)
class NoveltyArchive:
    """Behaviours remembered: a ring in which the newest takes the oldest's place."""

    behaviour: Float[Array, "A B"]
    filled: Int[Array, ""]  # how many there are, from the first on
    next: Int[Array, ""]  # where the next one goes


def empty_archive(size: int, dims: int) -> NoveltyArchive:
    """An archive of `size` behaviours that are still to come."""
    return NoveltyArchive(
        behaviour=jnp.zeros((size, dims)), filled=jnp.int32(0), next=jnp.int32(0)
    )


def novelty(
    behaviour: Float[Array, "P B"],
    present: Bool[Array, " P"],
    archive: NoveltyArchive,
    k: int,
) -> Float[Array, " P"]:
    """Mean distance to the k nearest neighbours; to all, where there are fewer.

    Args:
      behaviour: of the population, finite.
      present: who counts as a neighbour; nobody is one of their own.
      archive: of the past.
      k: how many neighbours.

    Returns:
      0 for those who have no neighbour.

    Example:
      >>> line = jnp.array([[0.0], [1.0], [3.0]])
      >>> everyone = jnp.ones(3, bool)
      >>> novelty(line, everyone, empty_archive(4, 1), k=2).tolist()
      [2.0, 1.5, 2.5]

    Source: Lehman and Stanley, "Abandoning objectives", 2011.
    """
    filled = jnp.arange(archive.behaviour.shape[0]) < archive.filled
    return among(behaviour, present, archive.behaviour, filled, k)


def among(
    behaviour: Float[Array, "P B"],
    present: Bool[Array, " P"],
    others: Float[Array, "A B"],
    known: Bool[Array, " A"],
    k: int,
) -> Float[Array, " P"]:
    """`novelty` among any others, of whom those `known` count.

    Example:
      >>> everyone = jnp.ones(1, bool)
      >>> others = jnp.array([[1.0], [2.0], [9.0]])
      >>> known = jnp.array([True, False, True])
      >>> among(jnp.array([[0.0]]), everyone, others, known, k=2).tolist()
      [5.0]
    """
    size = others.shape[0]
    counts_at_all = jnp.concatenate([known, present])
    place = jnp.arange(counts_at_all.shape[0])
    all_of_them = jnp.concatenate([others, behaviour])
    k = min(k, counts_at_all.shape[0])

    def one(who):
        own, index = who
        distance = jnp.sqrt(jnp.sum((all_of_them - own[None]) ** 2, axis=1))
        counts = counts_at_all & (place != index)
        near = -jax.lax.top_k(jnp.where(counts, -distance, -jnp.inf), k)[0]
        there = jnp.isfinite(near)
        total = jnp.sum(jnp.where(there, near, 0.0))
        return total / jnp.maximum(jnp.sum(there), 1).astype(total.dtype)

    people = (behaviour, size + jnp.arange(behaviour.shape[0]))
    return jax.lax.map(one, people, batch_size=ROWS)


def remember(
    archive: NoveltyArchive, behaviour: Float[Array, "M B"], valid: Bool[Array, " M"]
) -> NoveltyArchive:
    """Puts the first of some behaviours into the ring.

    Args:
      archive: to put them into.
      behaviour: at most as many as it holds.
      valid: which of them; those that are come first.

    Example:
      >>> new = jnp.array([[1.0], [2.0], [3.0]])
      >>> held = remember(empty_archive(4, 1), new, jnp.array([True, True, True]))
      >>> held = remember(held, 10 * new, jnp.array([True, True, False]))
      >>> held.behaviour[:, 0].tolist(), int(held.filled), int(held.next)
      ([20.0, 2.0, 3.0, 10.0], 4, 1)

    Raises:
      ValueError: more behaviours than the archive holds.
    """
    size, count = archive.behaviour.shape[0], behaviour.shape[0]
    if count > size:
        raise ValueError(f"an archive of {size} cannot take {count} behaviours.")
    place = (archive.next + jnp.arange(count)) % size
    place = jnp.where(valid, place, size)  # beyond the end: dropped
    entered = jnp.sum(valid, dtype=jnp.int32)
    return NoveltyArchive(
        behaviour=archive.behaviour.at[place].set(behaviour, mode="drop"),
        filled=jnp.minimum(archive.filled + entered, size),
        next=(archive.next + entered) % size,
    )
