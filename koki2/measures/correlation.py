"""How metrics move together: their correlations, the inverse and the determinant.

All three come from the singular values of the standardised samples rather than from
the eigenvalues of R, whose small ones would drown in rounding at twice the digits.
"""

import chex
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from koki2.measures.columns import standardise, varies


@chex.dataclass(frozen=True, kw_only=True)
class Correlations:
    """Of all metrics; those that are constant stand apart, correlated with none."""

    matrix: Float[Array, "M M"]  # R
    inverse: Float[Array, "M M"]  # of R; the pseudo-inverse, where R is singular
    log_det: Float[Array, ""]  # of R; -inf, where R is singular
    used: Bool[Array, " M"]  # the metrics that vary
    singular: Bool[Array, ""]  # some metric is a sum of others, or samples are too few
    enough: Bool[Array, ""]  # more samples than metrics that vary, of which 2 or more


def correlations(metrics: Float[Array, "S M"]) -> Correlations:
    """Pearson correlations R of the columns, and what is made of R.

        R = V diag(s^2) V',   R^-1 = V diag(1 / s^2) V',   ln det R = sum ln s^2

    with s, V the singular values and right vectors of the standardised samples over
    sqrt(S). Singular values at or below 10 max(S, M) eps of the largest count as 0.

    Args:
      metrics: one sample per row; units do not count.

    Returns:
      NaN for whatever a non-finite metric touches. A constant metric leaves the
      figures of the others as they would be without it.

    Example:
      >>> square = jnp.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
      >>> found = correlations(square)
      >>> found.matrix.round(3).tolist(), bool(found.singular), bool(found.enough)
      ([[1.0, 0.0], [0.0, 1.0]], False, True)
    """
    samples, columns = metrics.shape
    used = varies(metrics)
    scaled = standardise(metrics) / jnp.sqrt(jnp.asarray(samples, metrics.dtype))
    # A row of its own for each metric, 1 for a constant one: R gets a 1 for it.
    alone = jnp.diag((~used).astype(metrics.dtype))
    rows = jnp.concatenate([scaled, alone])
    _, size, basis = jnp.linalg.svd(rows, full_matrices=False)
    least = 10 * max(samples, columns) * jnp.finfo(metrics.dtype).eps * size[0]
    gone = size <= least
    squared = jnp.where(gone, 1.0, size**2)
    weights = jnp.where(gone, 0.0, 1 / squared)
    singular = jnp.any(gone)
    count = jnp.sum(used)
    return Correlations(
        matrix=jnp.matmul(rows.T, rows, precision="highest"),
        inverse=jnp.matmul(basis.T * weights[None], basis, precision="highest"),
        log_det=jnp.where(singular, -jnp.inf, jnp.sum(jnp.log(squared))),
        used=used,
        singular=singular,
        enough=(samples > count) & (count >= 2),
    )
