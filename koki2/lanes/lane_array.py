"""LaneArray: an array that knows which of its axes are the item's and which are lanes.

Its shape is `item + lanes`, or `item` alone where the value is the same in all lanes.
"""

from collections.abc import Iterable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike


class LaneArray(NamedTuple):
    """An array of shape `item + lanes`, or of shape `item`: the same in all lanes."""

    array: jax.Array
    rank: int
    """Number of the item's axes, which come first."""

    @property
    def uniform(self) -> bool:
        """Whether it has no lane axes, so that the value is the same in each lane."""
        return self.array.ndim == self.rank

    @property
    def lanes(self) -> tuple[int, ...]:
        """Sizes of the lane axes; empty if uniform."""
        return self.array.shape[self.rank :]

    @property
    def item(self) -> tuple[int, ...]:
        """The item's shape."""
        return self.array.shape[: self.rank]

    def with_lane_axes(self, axes: int) -> jax.Array:
        """The array, with lane axes of size 1 if it has none."""
        return self.array.reshape(self.item + (self.lanes or (1,) * axes))

    def broadcast_lanes(self, sizes: tuple[int, ...]) -> jax.Array:
        """The array, broadcast to lane axes of these sizes."""
        return jnp.broadcast_to(self.with_lane_axes(len(sizes)), self.item + sizes)


def as_lane_array(array: ArrayLike, rank: int) -> LaneArray:
    """Takes an array from outside, lanes last; typed keys become their raw words."""
    array = jnp.asarray(array)
    if jax.dtypes.issubdtype(array.dtype, jax.dtypes.prng_key):
        words = jnp.moveaxis(jax.random.key_data(array), -1, rank)
        return LaneArray(words, rank + 1)
    return LaneArray(array, rank)


def lane_sizes(values: Iterable[LaneArray], axes: int) -> tuple[int, ...]:
    """Sizes to which the lane axes of several operands broadcast."""
    shapes = [value.lanes for value in values if not value.uniform]
    return jnp.broadcast_shapes(*shapes) if shapes else (1,) * axes
