"""What blocks are made of beside products and attention: norms, rotation, dropout."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from koki2.core.types import Key
from koki2.models.params import NormParams

EPSILON = 1e-5
"""Added to variances and mean squares."""


def layer_norm(x: Float[Array, "T D"], params: NormParams) -> Float[Array, "T D"]:
    """Returns gain (x - mean) / sqrt(variance + 1e-5) + bias, row by row.

    Example:
      >>> params = NormParams(gain=jnp.ones(2))
      >>> layer_norm(jnp.array([[1.0, 3.0]]), params).round(4).tolist()
      [[-1.0, 1.0]]
    """
    away = x - jnp.mean(x, axis=1, keepdims=True)
    variance = jnp.mean(away**2, axis=1, keepdims=True)
    y = away * jax.lax.rsqrt(variance + EPSILON) * params.gain.astype(x.dtype)[None]
    return y if params.bias is None else y + params.bias.astype(x.dtype)[None]


def rms_norm(x: Float[Array, "T D"], params: NormParams) -> Float[Array, "T D"]:
    """Returns gain x / sqrt(mean x^2 + 1e-5), row by row.

    Example:
      >>> params = NormParams(gain=jnp.ones(2))
      >>> print(rms_norm(jnp.array([[3.0, 3.0]]), params).round(4))
      [[1. 1.]]

    Source: Zhang and Sennrich 2019 (arXiv:1910.07467).
    """
    square = jnp.mean(x**2, axis=1, keepdims=True)
    return x * jax.lax.rsqrt(square + EPSILON) * params.gain.astype(x.dtype)[None]


def rotate(
    x: Float[Array, "T H K"], places: Int[Array, " T"], theta: float
) -> Float[Array, "T H K"]:
    """Turns each pair (x[i], x[i + K/2]) by place theta^(-2i / K), in float32.

    Example:
      >>> x = jnp.array([[[1.0, 0.0]], [[1.0, 0.0]]])
      >>> print(rotate(x, jnp.array([0, 1]), 1e4)[1].round(4))
      [[0.5403 0.8415]]

    Source: Su et al. 2021 (arXiv:2104.09864), in the half-split form of Llama.
    """
    half = x.shape[2] // 2
    wide = max(x.dtype, jnp.dtype(jnp.float32), key=lambda t: t.itemsize)
    speeds = theta ** (-jnp.arange(half, dtype=wide) / half)
    angles = places.astype(wide)[:, None] * speeds[None]
    cos, sin = jnp.cos(angles)[:, None], jnp.sin(angles)[:, None]
    a, b = x[..., :half].astype(wide), x[..., half:].astype(wide)
    turned = jnp.concatenate([a * cos - b * sin, b * cos + a * sin], axis=2)
    return turned.astype(x.dtype)


def dropout(key: Key, x: Float[Array, "T D"], rate: float) -> Float[Array, "T D"]:
    """Sets a share of numbers to zero, and divides the others by what is left.

    Example:
      >>> y = dropout(jax.random.key(0), jnp.ones((100, 100)), 0.5)
      >>> sorted(set(y.ravel().tolist())), y.mean().round(1).item()
      ([0.0, 2.0], 1.0)
    """
    keep = jax.random.bernoulli(key, 1 - rate, x.shape)
    return jnp.where(keep, x / (1 - rate), 0)
