"""Which points are far apart, and which alike: distances and kernels of all pairs."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from koki2.measures.columns import centre
from koki2.measures.configs import KernelConfig

ROWS = 64  # whose differences to all others are held at once


def squared_distances(points: Float[Array, "S D"]) -> Float[Array, "S S"]:
    """|x_i - x_j|^2 of all pairs, from the differences: exact where those are.

    Example:
      >>> squared_distances(jnp.array([[0.0, 0.0], [3.0, 4.0]])).tolist()
      [[0.0, 25.0], [25.0, 0.0]]
    """
    from_one = lambda own: jnp.sum((points - own[None]) ** 2, axis=1)
    return jax.lax.map(from_one, points, batch_size=ROWS)


def gram(config: KernelConfig, points: Float[Array, "S D"]) -> Float[Array, "S S"]:
    """The kernel of all pairs; `KernelConfig` has the formulas.

    Where all points are one, and gamma is left open, gamma is 1.

    Example:
      >>> gram(KernelConfig(kernel="poly", gamma=1.0, degree=2),
      ...      jnp.array([[1.0], [2.0]])).tolist()
      [[4.0, 9.0], [9.0, 25.0]]
    """
    gamma = _gamma(config, points)
    if config.kernel == "rbf":
        return jnp.exp(-gamma * squared_distances(points))
    if config.kernel == "cosine":
        length = jnp.sqrt(jnp.sum(points**2, axis=1, keepdims=True))
        points = points / jnp.where(length == 0, 1.0, length)
    product = jnp.matmul(points, points.T, precision="highest")
    if config.kernel == "cosine":
        return product
    if config.kernel == "linear":
        return gamma * product
    return (gamma * product + config.coef0) ** config.degree


def _gamma(config: KernelConfig, points: Float[Array, "S D"]) -> Float[Array, ""]:
    if config.gamma is not None:
        return jnp.asarray(config.gamma, points.dtype)
    spread = jnp.sum(jnp.mean(centre(points) ** 2, axis=0))
    return jnp.where(spread == 0, 1.0, 1 / jnp.where(spread == 0, 1.0, spread))
