"""Lane: an array that knows which of its axes are the item's and which are lanes."""

import jax
import jax.numpy as jnp


class Lane:
    """An array of shape `item + lanes`, or of shape `item`: the same in all lanes."""

    __slots__ = ("array", "rank")

    def __init__(self, array, rank: int):
        self.array, self.rank = array, rank  # rank of the item

    @property
    def uniform(self) -> bool:
        """Has no lanes: the same value in each."""
        return self.array.ndim == self.rank

    @property
    def lanes(self) -> tuple[int, ...]:
        """Sizes of the lane axes; empty if uniform."""
        return self.array.shape[self.rank :]

    @property
    def item(self) -> tuple[int, ...]:
        """The item's shape."""
        return self.array.shape[: self.rank]

    def with_lanes(self, axes: int):
        """The array, with lane axes of size 1 if it has none."""
        return self.array.reshape(self.item + (self.lanes or (1,) * axes))

    def spread(self, sizes: tuple[int, ...]):
        """The array, broadcast to lane axes of these sizes."""
        return jnp.broadcast_to(self.with_lanes(len(sizes)), self.item + sizes)


def as_lane(array, rank: int) -> Lane:
    """An array from outside, lanes behind: of typed keys, their raw words."""
    array = jnp.asarray(array)
    if jax.dtypes.issubdtype(array.dtype, jax.dtypes.prng_key):
        words = jnp.moveaxis(jax.random.key_data(array), -1, rank)
        return Lane(words, rank + 1)
    return Lane(array, rank)


def lane_sizes(values, axes: int) -> tuple[int, ...]:
    """What the lane axes of several operands broadcast to."""
    shapes = [value.lanes for value in values if not value.uniform]
    return jnp.broadcast_shapes(*shapes) if shapes else (1,) * axes
