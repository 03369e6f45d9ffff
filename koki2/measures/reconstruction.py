"""Reconstruction: how much of the metrics does an embedding of them tell?"""

import chex
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from koki2.measures.columns import centre
from koki2.measures.configs import KernelConfig
from koki2.measures.likeness import gram


@chex.dataclass(frozen=True, kw_only=True)
class Reconstruction:
    """Squared error of the way back, over the variance of the points: 0 is perfect."""

    in_sample: Float[Array, ""]  # of points the way back was learned from; 1 at most
    left_out: Float[Array, ""]  # of each point, learned from all others; 1 is no use


def reconstruction_error(
    points: Float[Array, "S M"],
    embedding: Float[Array, "S B"],
    config: KernelConfig,
    ridge: float = 1.0,
) -> Reconstruction:
    """Learns points from their embedding by kernel ridge regression: the pre-image.

        G = K + ridge I,   c = G^-1 X
        in_sample = |ridge c|^2 / |X|^2
        left_out = sum_i |c_i / (G^-1)_ii|^2 / |X|^2

    X the centred points, K the kernel of the centred embedding. c_i / (G^-1)_ii is
    exactly what a regression on all but i misses at i (the means alone are of all).
    The in-sample error falls with the ridge for any embedding, noise too; the one left
    out does not.

    Args:
      points: one per row, brought to one scale before.
      embedding: of the same points.
      config: the kernel.
      ridge: penalty, in units of the kernel; above 0.

    Returns:
      NaN where the points are all one, or one or its embedding is not finite. An
      embedding that is constant has 1 in sample, and more left out.

    Example:
      >>> line = jnp.linspace(-1.0, 1.0, 20)[:, None]
      >>> both = jnp.concatenate([line, line**2], axis=1)
      >>> found = reconstruction_error(both, line, KernelConfig(), ridge=0.01)
      >>> bool(found.in_sample < found.left_out < 0.01)
      True

    Source: Bakir, Weston and Schoelkopf, "Learning to find pre-images", 2003; the
    error left out is Allen's PRESS, 1974.
    """
    points = centre(points)
    kernel = gram(config, centre(embedding))
    one = jnp.eye(points.shape[0], dtype=points.dtype)
    factor = jax.scipy.linalg.cho_factor(kernel + ridge * one, lower=True)
    inverse = jax.scipy.linalg.cho_solve(factor, one)
    weights = jnp.matmul(inverse, points, precision="highest")
    missed = weights / jnp.diag(inverse)[:, None]
    total = jnp.sum(points**2)
    share = lambda x: jnp.where(
        total == 0, jnp.nan, jnp.sum(x**2) / jnp.where(total == 0, 1.0, total)
    )
    return Reconstruction(in_sample=share(ridge * weights), left_out=share(missed))
