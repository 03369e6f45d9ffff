"""Fixed-order reductions: sums and choices over an item's axis, row after row.

The order is one and the same whatever lies behind the axis, so that the bits depend
neither on the layout nor on the number of lanes; and each operation serves many lanes.
"""

import functools
from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import DTypeLike

BLOCK = 16
"""Rows that a long reduction combines side by side. One long sequence waits for each
addition in turn; with 16 sums of 128 products the motor layer ran 2 to 3 times as
fast (measured on two cores with AVX-512). Changing it changes bits."""
LONGEST = 64
"""Rows up to which a reduction is one sequence. A choice, not a measurement: it bounds
the number of operations that one reduction puts into the program. XLA itself keeps the
order of up to 32 rows (its TreeReductionRewriter has a window of 32), so that up to
there a reduction has the bits of the plain one."""

Combine = Callable[[jax.Array, jax.Array], jax.Array]


def unstack(array: jax.Array, axis: int) -> list[jax.Array]:
    """Cuts `array` into its slices along `axis`, which is dropped.

    As `jnp.unstack`, but always by static slices, whatever the version of JAX.
    """
    size = array.shape[axis]
    return [lax.index_in_dim(array, i, axis, keepdims=False) for i in range(size)]


def reduce(combine: Combine, array: jax.Array, axis: int) -> jax.Array:
    """Combines the rows in index order; more than 64 go in blocks of 16.

    In blocks, row i goes to sum i % 16, and the sixteen sums are combined last.

    Example:
      >>> reduce(lax.add, jnp.arange(100.0), 0).item()
      4950.0
    """
    size = array.shape[axis]
    if size > LONGEST:
        whole = size - size % BLOCK
        head = lax.slice_in_dim(array, 0, whole, axis=axis)
        shape = array.shape
        shape = (*shape[:axis], whole // BLOCK, BLOCK, *shape[axis + 1 :])
        sums = functools.reduce(combine, unstack(head.reshape(shape), axis))
        tail = lax.slice_in_dim(array, whole, size, axis=axis)
        array = lax.concatenate([sums, tail], axis)
    return functools.reduce(combine, unstack(array, axis))


def first_extreme(
    better: Combine, rows: Sequence[jax.Array], dtype: DTypeLike
) -> jax.Array:
    """Finds the index of the first row that no other beats; the first NaN beats all."""
    best, index = rows[0], jnp.zeros_like(rows[0], dtype)
    for i, row in enumerate(rows[1:], 1):
        wins = better(row, best)
        if jnp.issubdtype(row.dtype, jnp.floating):
            wins = wins | ((row != row) & (best == best))
        best = jnp.where(wins, row, best)
        index = jnp.where(wins, jnp.asarray(i, dtype), index)
    return index


def dot(
    left: jax.Array,
    right: jax.Array,
    axis_left: int,
    axis_right: int,
    free_left: int,
    free_right: int,
) -> jax.Array:
    """Contracts one axis of each, in index order.

    More than 32 products go in blocks of 16, each summed in order, and the blocks' sums
    are added in order.

    Args:
      left: item axes, of which one is contracted, then lane axes.
      right: likewise, with the same number of lane axes.
      axis_left: the contracted axis of the left operand.
      axis_right: that of the right one.
      free_left: number of item axes of the left operand that are not contracted.
      free_right: that of the right one.

    Returns:
      Free axes of the left operand, of the right one, lanes.
    """
    products = []
    lefts, rights = unstack(left, axis_left), unstack(right, axis_right)
    for x, y in zip(lefts, rights, strict=True):
        x = x.reshape(x.shape[:free_left] + (1,) * free_right + x.shape[free_left:])
        y = y.reshape((1,) * free_left + y.shape)
        shape = jnp.broadcast_shapes(x.shape, y.shape)
        products.append(jnp.broadcast_to(x, shape) * jnp.broadcast_to(y, shape))
    if len(products) > 2 * BLOCK:
        starts = range(0, len(products), BLOCK)
        products = [functools.reduce(lax.add, products[i : i + BLOCK]) for i in starts]
    return functools.reduce(lax.add, products)
