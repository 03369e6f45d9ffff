"""Maps: what worlds on a grid share. Moves, edges, gradients, uniform cells.

Cells are (x, y) from the north-west corner, int32. Pure functions of one episode.
"""

import dataclasses
import functools
from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Shaped

from koki2.core.types import Key
from koki2.policies.moves import MOVES

Blocked = Callable[[Int[Array, "N 2"]], Bool[Array, " N"]]
"""Which cells cannot be entered."""


@dataclasses.dataclass(frozen=True)
class Map:
    """A rectangle of cells.

    Example:
      >>> from koki2.policies.moves import DOWN, RIGHT
      >>> map, corner = Map(3, 2), jnp.array([2, 0], jnp.int32)
      >>> [map.move(corner, jnp.int32(a)).tolist() for a in (DOWN, RIGHT)]
      [[2, 1], [2, 0]]
      >>> map.outside(jnp.array([[2, 1], [3, 1], [0, -1]])).tolist()
      [False, True, True]
      >>> map.field(lambda cell: cell[:, 0] == 2).tolist()
      [[False, False, True], [False, False, True]]
    """

    width: int
    height: int

    @functools.cached_property
    def size(self) -> np.ndarray:
        """Cells from west to east, from north to south: [2], int32."""
        return np.array([self.width, self.height], np.int32)

    @functools.cached_property
    def span(self) -> np.ndarray:
        """Steps from edge to edge, at least 1: [2], float32; the unit of gradients."""
        return np.maximum(self.size - 1, 1).astype(np.float32)

    def move(
        self, position: Int[Array, "2"], action: Int[Array, ""]
    ) -> Int[Array, "2"]:
        """Moves an agent one step; the edge holds it back."""
        moves = jnp.array(MOVES, jnp.int32)
        return jnp.clip(position + moves[action], 0, self.size - 1)

    def outside(self, place: Int[Array, "N 2"]) -> Bool[Array, " N"]:
        """Which cells lie beyond the edge."""
        x, y = place[:, 0], place[:, 1]
        return (x < 0) | (x >= self.size[0]) | (y < 0) | (y >= self.size[1])

    def cells(self, key: Key, count: int) -> Int[Array, "K 2"]:
        """Draws uniform cells: floor(word * size / 2^32), a word per axis."""
        words = jax.random.bits(key, (count, 2))
        wide = self.size[None].astype(np.uint32)
        high, low = words >> np.uint32(16), words & np.uint32(0xFFFF)
        scaled = (high * wide + ((low * wide) >> np.uint32(16))) >> np.uint32(16)
        return scaled.astype(jnp.int32)

    def gradient(
        self,
        source: Int[Array, "K 2"],
        position: Int[Array, "2"],
        sensed: Bool[Array, " K"] | None = None,
    ) -> Float[Array, "2"]:
        """Points to the nearest of the sensed sources (None: all), in units of `span`.

        Zero if none is sensed.
        """
        sensed = jnp.ones(len(source), bool) if sensed is None else sensed
        return nearest(source - position[None], sensed).astype(jnp.float32) / self.span

    def source_gradients(
        self,
        source: Int[Array, "K 2"],
        position: Int[Array, "2"],
        counts: Sequence[int],
    ) -> Float[Array, " G"]:
        """A gradient to the nearest source of each kind.

        Args:
          source: cells, kind after kind.
          position: cell.
          counts: how many sources there are of each kind; of a kind without, zero.

        Example:
          >>> source = jnp.array([[2, 1], [1, 0], [0, 4]])
          >>> corner = jnp.zeros(2, jnp.int32)
          >>> Map(5, 5).source_gradients(source, corner, (2, 1)).tolist()
          [0.25, 0.0, 0.0, 1.0]
        """
        offset = source - position[None]
        ends = np.cumsum(counts).tolist()
        near = [jnp.zeros(2, jnp.float32)] * len(ends)
        for nth, (count, end) in enumerate(zip(counts, ends, strict=True)):
            if count:
                of_kind = offset[end - count : end]
                near[nth] = nearest(of_kind, jnp.ones(count, bool)).astype(jnp.float32)
        return (jnp.stack(near) / self.span[None]).reshape(-1)

    def field(
        self, value: Callable[[Int[Array, "N 2"]], Shaped[Array, " N"]]
    ) -> Shaped[Array, "H W"]:
        """The values of every cell, row by row."""
        every = np.stack(np.meshgrid(*map(np.arange, self.size)), axis=-1)
        values = value(jnp.asarray(every.reshape(-1, 2), jnp.int32))
        return values.reshape(self.height, self.width)


def move_unless(
    blocked: Blocked, position: Int[Array, "2"], action: Int[Array, ""]
) -> Int[Array, "2"]:
    """Moves an agent one step, unless the cell it would enter is blocked."""
    there = position + jnp.array(MOVES, jnp.int32)[action]
    return jnp.where(~blocked(there[None])[0], there, position)


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
