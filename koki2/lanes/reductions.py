"""Chains: sums and choices over an item's axis, one row of lanes after the other.

A chain has one order whatever lies behind the axis, so its bits depend neither on the
layout nor on the number of lanes; and each link is one instruction for many lanes.
"""

import functools

import jax.numpy as jnp
from jax import lax

BLOCK = 16  # rows a long sum adds up side by side
LONGEST = 64  # the longest single chain


def rows(array, axis: int) -> list:
    """The slices of `array` along `axis`, the axis dropped."""
    size = array.shape[axis]
    return [lax.index_in_dim(array, i, axis, keepdims=False) for i in range(size)]


def reduce(combine, array, axis: int):
    """Combines the rows in index order; more than 64 go in blocks of 16.

    In blocks, row i goes to sum i % 16, and the sixteen sums are combined last.
    """
    size = array.shape[axis]
    if size > LONGEST:
        whole = size - size % BLOCK
        head = lax.slice_in_dim(array, 0, whole, axis=axis)
        shape = array.shape
        shape = (*shape[:axis], whole // BLOCK, BLOCK, *shape[axis + 1 :])
        sums = functools.reduce(combine, rows(head.reshape(shape), axis))
        tail = lax.slice_in_dim(array, whole, size, axis=axis)
        array = lax.concatenate([sums, tail], axis)
    return functools.reduce(combine, rows(array, axis))


def first_extreme(better, rows: list, dtype):
    """The index of the first row that no other beats; the first NaN beats all."""
    best, index = rows[0], jnp.zeros_like(rows[0], dtype)
    for i, row in enumerate(rows[1:], 1):
        wins = better(row, best)
        if jnp.issubdtype(row.dtype, jnp.floating):
            wins = wins | ((row != row) & (best == best))
        best = jnp.where(wins, row, best)
        index = jnp.where(wins, jnp.asarray(i, dtype), index)
    return index


def dot(left, right, axis_left: int, axis_right: int, free_left: int, free_right: int):
    """Contracts one axis of each: `free_left + free_right + lanes`, in index order.

    More than 32 products go in blocks of 16, each a chain of its own, and the blocks'
    sums are added in order: one long chain would wait for each addition in turn.
    """
    products = []
    lefts, rights = rows(left, axis_left), rows(right, axis_right)
    for x, y in zip(lefts, rights, strict=True):
        x = x.reshape(x.shape[:free_left] + (1,) * free_right + x.shape[free_left:])
        y = y.reshape((1,) * free_left + y.shape)
        shape = jnp.broadcast_shapes(x.shape, y.shape)
        products.append(jnp.broadcast_to(x, shape) * jnp.broadcast_to(y, shape))
    if len(products) > 2 * BLOCK:
        starts = range(0, len(products), BLOCK)
        products = [functools.reduce(lax.add, products[i : i + BLOCK]) for i in starts]
    return functools.reduce(lax.add, products)
