"""A grid: equal boxes, whose index is computed without a search.

i_b = min(floor((x_b - low_b) * (n_b / (high_b - low_b))), n_b - 1)
cell = ((i_1 n_2 + i_2) n_3 + i_3) ...
"""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from koki2.search.archive.records import Cells
from koki2.search.configs import ArchiveConfig


def grid(config: ArchiveConfig) -> Cells:
    """Divides the space into `config.shape` equal boxes, in any number of dimensions.

    A box includes its lower faces; the upper faces of the space belong to the last
    boxes. Computed in float32 by a subtraction and a multiplication, which no compiler
    contracts: the same descriptor has the same cell on every machine.

    Args:
      config: shape, low and high are read.

    Example:
      >>> space = grid(ArchiveConfig(shape=(2, 4), low=(0.0, -1.0), high=(1.0, 1.0)))
      >>> [int(space.index(jnp.array(x)))
      ...  for x in ([0.0, -1.0], [0.5, -1.0], [1.0, 1.0], [0.5, 1.1])]
      [0, 4, 7, 8]
    """
    low, high = (np.array(edge, np.float32) for edge in (config.low, config.high))
    shape = np.array(config.shape, np.int32)
    width = np.array(config.high) - np.array(config.low)
    scale = (shape / width).astype(np.float32)
    count = int(np.prod(shape, dtype=np.int64))
    stride = np.append(np.cumprod(shape[:0:-1], dtype=np.int32)[::-1], np.int32(1))

    def index(descriptor: Float[Array, " B"]) -> Int[Array, ""]:
        inside = jnp.all((descriptor >= low) & (descriptor <= high))  # NaN is neither
        box = jnp.floor((descriptor - low) * scale)
        box = jnp.where(inside, box, 0.0).astype(jnp.int32)
        cell = jnp.sum(jnp.minimum(box, shape - 1) * stride, dtype=jnp.int32)
        return jnp.where(inside, cell, count)

    middles = [
        bottom + (np.arange(n) + 0.5) * (span / n)
        for bottom, span, n in zip(config.low, width, config.shape, strict=True)
    ]
    mesh = np.stack(np.meshgrid(*middles, indexing="ij"), axis=-1)
    centre = mesh.reshape(count, len(shape)).astype(np.float32)
    return Cells(count, low, high, centre, tuple(config.shape), index)
