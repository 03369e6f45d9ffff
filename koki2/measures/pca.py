"""Principal components: how many straight directions do metrics really span?"""

import jax.numpy as jnp
from jaxtyping import Array, Float

from koki2.measures.columns import standardise


def explained_variance(metrics: Float[Array, "S M"]) -> Float[Array, " K"]:
    """Share of the variance along each principal axis, largest first; they sum to 1.

        share_i = s_i^2 / (s_1^2 + s_2^2 + ...)

    s the singular values of the standardised metrics; K = min(S, M). The sum of the
    first B is the most that B linear descriptors can tell.

    Args:
      metrics: one sample per row; units do not count, and constant ones are left out.

    Returns:
      NaN if none varies, or if one is not finite.

    Example:
      >>> line = jnp.arange(5.0)
      >>> flat = jnp.stack([line, -3 * line, jnp.ones(5)], axis=1)
      >>> explained_variance(flat).round(3).tolist()
      [1.0, 0.0, 0.0]

    Source: Pearson, "On lines and planes of closest fit", 1901.
    """
    size = jnp.linalg.svd(standardise(metrics), compute_uv=False)
    total = jnp.sum(size**2)
    return jnp.where(total == 0, jnp.nan, size**2 / jnp.where(total == 0, 1.0, total))
