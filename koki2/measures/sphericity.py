"""Sphericity: could metrics that look correlated be uncorrelated after all?"""

import chex
import jax.numpy as jnp
from jax.scipy.stats import chi2
from jaxtyping import Array, Bool, Float

from koki2.measures.correlation import correlations


@chex.dataclass(frozen=True, kw_only=True)
class Sphericity:
    """The outcome of Bartlett's test."""

    chi2: Float[Array, ""]  # 0 for R = I; inf for a singular R
    df: Float[Array, ""]  # degrees of freedom
    p: Float[Array, ""]  # of a statistic as large, were all metrics uncorrelated
    used: Bool[Array, " M"]  # the metrics that vary, which alone are tested
    singular: Bool[Array, ""]  # some metric is a sum of others, and p is 0


def bartlett_sphericity(metrics: Float[Array, "S M"]) -> Sphericity:
    """Bartlett's test of sphericity: is the correlation matrix R the identity?

        chi2 = -(S - 1 - (2 M + 5) / 6) ln det R,   df = M (M - 1) / 2

    A small p says that the metrics are correlated. This is not Bartlett's test of
    equal variances (`scipy.stats.bartlett`), which asks whether groups of samples
    spread alike and knows nothing of correlations.

    Args:
      metrics: one sample per row; units do not count. Constant ones are left out, M
        being the number of those that vary.

    Returns:
      NaN in chi2 and p if samples are not more than the metrics that vary, if fewer
      than two vary, or if one is not finite. p is that of normal metrics and many
      samples.

    Example:
      >>> x = jnp.array([-1.0, -1.0, 1.0, 1.0])
      >>> y = jnp.array([-1.0, 1.0, -1.0, 1.0])
      >>> found = bartlett_sphericity(jnp.stack([x, y], axis=1))  # R = I
      >>> abs(round(float(found.chi2), 4)), int(found.df), round(float(found.p), 2)
      (0.0, 1, 1.0)

    Source: Bartlett, "Tests of significance in factor analysis", 1950.
    """
    found = correlations(metrics)
    count = jnp.sum(found.used).astype(metrics.dtype)
    factor = metrics.shape[0] - 1 - (2 * count + 5) / 6
    # A correlation matrix's determinant is 1 at most, but for rounding.
    statistic = factor * -jnp.minimum(found.log_det, 0.0)
    df = count * (count - 1) / 2
    p = chi2.sf(statistic, jnp.maximum(df, 1.0))
    return Sphericity(
        chi2=jnp.where(found.enough, statistic, jnp.nan),
        df=df,
        p=jnp.where(found.enough, p, jnp.nan),
        used=found.used,
        singular=found.singular,
    )
