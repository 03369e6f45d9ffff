"""Columns brought to one scale, so that no metric counts more for its unit.

A column that is constant says nothing; one varies if it moves by more than rounding;
else it becomes exactly zero.
"""

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float


def varies(points: Float[Array, "S M"]) -> Bool[Array, " M"]:
    """Which columns vary by more than rounding: max - min > 4 eps max |x|.

    A column with a NaN or an infinity counts as one that varies, so that it is
    not dropped unseen.

    Example:
      >>> varies(jnp.array([[1.0, 5.0, jnp.nan], [2.0, 5.0, 0.0]])).tolist()
      [True, False, True]
    """
    low, high = jnp.min(points, axis=0), jnp.max(points, axis=0)
    size = jnp.maximum(jnp.abs(low), jnp.abs(high))
    return ~(high - low <= 4 * jnp.finfo(points.dtype).eps * size)


def centre(points: Float[Array, "S M"]) -> Float[Array, "S M"]:
    """Each column less its mean; constant columns become exactly zero.

    Example:
      >>> centre(jnp.array([[1.0, 0.1], [3.0, 0.1]])).tolist()
      [[-1.0, 0.0], [1.0, 0.0]]
    """
    away = points - jnp.mean(points, axis=0)[None]
    away = away - jnp.mean(away, axis=0)[None]  # what a large mean was rounded by
    return jnp.where(varies(points)[None], away, 0.0)


def standardise(points: Float[Array, "S M"]) -> Float[Array, "S M"]:
    """Each column with mean 0 and variance 1 (over S, not S - 1); constant ones zero.

    Non-finite columns become NaN.

    Example:
      >>> standardise(jnp.array([[1.0, 5.0], [5.0, 5.0]])).tolist()
      [[-1.0, 0.0], [1.0, 0.0]]
    """
    away = centre(points)
    biggest = jnp.max(jnp.abs(away), axis=0)  # so that no square overflows
    away = away / jnp.where(biggest == 0, 1.0, biggest)[None]
    deviation = jnp.sqrt(jnp.mean(away**2, axis=0))
    return away / jnp.where(deviation == 0, 1.0, deviation)[None]
