"""What worlds on a grid share: moves, walls, what is nearest, a uniform cell.

Cells are (x, y) from the north-west corner, int32. Pure functions of one life.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from koki2.core.types import Key

MOVES = ((0, 0), (0, -1), (0, 1), (-1, 0), (1, 0))  # stay, up, down, left, right


def moved(
    position: Int[Array, "2"], action: Int[Array, ""], size: np.ndarray
) -> Int[Array, "2"]:
    """One step of an agent; the edge of the world holds it back.

    Example:
      >>> size, corner = np.array([3, 2], np.int32), jnp.array([2, 0], jnp.int32)
      >>> [moved(corner, jnp.int32(a), size).tolist() for a in (2, 4)]
      [[2, 1], [2, 0]]
    """
    return jnp.clip(position + jnp.array(MOVES, jnp.int32)[action], 0, size - 1)


def nearest(offset: Int[Array, "K 2"], sensed: Bool[Array, " K"]) -> Int[Array, "2"]:
    """The shortest offset among the sensed; the first of several; zero if none.

    Example:
      >>> offset = jnp.array([[1, 0], [2, 2], [0, -2]])
      >>> nearest(offset, jnp.array([False, True, True])).tolist()
      [0, -2]
    """
    far = jnp.iinfo(jnp.int32).max
    distance = jnp.where(sensed, jnp.sum(offset * offset, axis=1), far)
    return jnp.where(jnp.any(sensed), offset[jnp.argmin(distance)], 0)


def cells(key: Key, count: int, size: np.ndarray) -> Int[Array, "K 2"]:
    """Uniform cells: floor(word * size / 2^32), a word per axis; cheap in a step."""
    words = jax.random.bits(key, (count, 2))
    wide = size[None].astype(np.uint32)
    high, low = words >> np.uint32(16), words & np.uint32(0xFFFF)
    scaled = (high * wide + ((low * wide) >> np.uint32(16))) >> np.uint32(16)
    return scaled.astype(jnp.int32)


def drive(needs: Float[Array, " M"], weights=1.0) -> Float[Array, ""]:
    """How far a body is from content: sum over needs of w (1 - need)^2."""
    return jnp.sum(weights * (1.0 - needs) ** 2)


def moved_if(
    position: Int[Array, "2"], action: Int[Array, ""], enters
) -> Int[Array, "2"]:
    """One step of an agent, if `enters(cell)` says that it may go there."""
    there = position + jnp.array(MOVES, jnp.int32)[action]
    return jnp.where(enters(there), there, position)


def towards(gx: Float[Array, ""], gy: Float[Array, ""]) -> Int[Array, ""]:
    """The action along the larger component; x wins ties, and nothing is staying."""
    x = jnp.where(gx > 0, 4, 3)
    y = jnp.where(gy > 0, 2, 1)
    along = jnp.where(jnp.abs(gx) >= jnp.abs(gy), x, y)
    return jnp.where((gx == 0) & (gy == 0), 0, along).astype(jnp.int32)
