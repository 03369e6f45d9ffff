"""Sampling adequacy: do metrics share enough for fewer numbers to stand for them?"""

import chex
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from koki2.measures.correlation import correlations


@chex.dataclass(frozen=True, kw_only=True)
class Adequacy:
    """The Kaiser-Meyer-Olkin measure, between 0 and 1; NaN where it has no meaning."""

    overall: Float[Array, ""]
    each: Float[Array, " M"]  # of every metric; NaN for a constant one
    used: Bool[Array, " M"]  # the metrics that vary, which alone are in `overall`
    singular: Bool[Array, ""]  # R has no inverse, and the pseudo-inverse stood in


def kmo(metrics: Float[Array, "S M"]) -> Adequacy:
    """Kaiser-Meyer-Olkin: correlations against those that are left between two alone.

        KMO = sum r_ij^2 / (sum r_ij^2 + sum q_ij^2),   i != j
        q_ij = -a_ij / sqrt(a_ii a_jj),   a = R^-1

    r is the correlation of two metrics, q their partial correlation given all others
    (the anti-image correlation, but for its sign). Near 1: what two metrics share they
    share with the rest, as under common factors. Of two metrics alone it is 1/2,
    whatever they are. One metric's own figure takes the sums over j only.

    Args:
      metrics: one sample per row; units do not count.

    Returns:
      NaN if samples are not more than the metrics that vary (every such R is singular),
      if fewer than two vary, if none is correlated with any (0 / 0; r and q within
      rounding of 0 count as 0), or if one is not finite.

    Example:
      >>> line = jnp.arange(6.0)
      >>> found = kmo(jnp.stack([line, line % 2, jnp.ones(6)], axis=1))
      >>> round(float(found.overall), 4), found.each.round(4).tolist()
      (0.5, [0.5, 0.5, nan])

    Source: Kaiser, "An index of factorial simplicity", 1974; Kaiser and Rice, "Little
    jiffy, mark IV", 1974. The pseudo-inverse is of R, not of the covariances as in the
    Python package factor_analyzer, so that units do not count there either.
    """
    found = correlations(metrics)
    scale = jnp.sqrt(jnp.diag(found.inverse))
    partial = -found.inverse / (scale[:, None] * scale[None])
    direct, partial = (_squares(x, found.used) for x in (found.matrix, partial))
    by_one, left_by_one = jnp.sum(direct, axis=0), jnp.sum(partial, axis=0)
    each = _share(by_one, left_by_one)
    overall = _share(jnp.sum(by_one), jnp.sum(left_by_one))
    return Adequacy(
        overall=jnp.where(found.enough, overall, jnp.nan),
        each=jnp.where(found.enough & found.used, each, jnp.nan),
        used=found.used,
        singular=found.singular,
    )


def _squares(
    matrix: Float[Array, "M M"], used: Bool[Array, " M"]
) -> Float[Array, "M M"]:
    """Squares off the diagonal, 0 for those of constant metrics."""
    rounding = 8 * jnp.finfo(matrix.dtype).eps
    counts = used[:, None] & used[None] & ~jnp.eye(used.shape[0], dtype=bool)
    return jnp.where(counts & ~(jnp.abs(matrix) <= rounding), matrix**2, 0.0)


def _share(part: Float[Array, "*some"], rest: Float[Array, "*some"]) -> Array:
    whole = part + rest
    return jnp.where(whole == 0, jnp.nan, part / jnp.where(whole == 0, 1.0, whole))
