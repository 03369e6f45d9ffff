"""Singular values from an SVD, and the same from a Gram matrix."""

import jax.numpy as jnp
from jaxtyping import Array, Float

NOISE = 16  # eigenvalues up to this many eps of the largest are rounding


def svd(x: Float[Array, "D O"]) -> Float[Array, " S"]:
    """Singular values, largest first."""
    return jnp.linalg.svd(x, compute_uv=False)


def gram(x: Float[Array, "D O"]) -> Float[Array, " S"]:
    """The same, as square roots of eigenvalues; exactly 0 where these are noise."""
    x = x if x.shape[0] <= x.shape[1] else x.T
    squares = jnp.linalg.eigvalsh(jnp.matmul(x, x.T, precision="highest"))[::-1]
    noise = squares <= NOISE * jnp.finfo(x.dtype).eps * squares[0]
    return jnp.where(noise, 0.0, jnp.sqrt(jnp.where(noise, 1.0, squares)))
