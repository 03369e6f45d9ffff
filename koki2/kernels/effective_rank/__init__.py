"""effective_rank: how many directions a matrix uses, by their size or by a threshold.

    s_i  singular values, n = min(D, O) of them;   p_i = s_i / sum_j s_j
    effective_rank = exp(-sum_i p_i ln p_i)
    count_rank     = #{i : s_i > 0.01 max_j s_j}

"reference" takes s from an SVD. "gram" takes it from the eigenvalues of the smaller of
X X' and X' X, a product and a symmetric solver: a GPU has these fast, its SVD is slow.
Both run anywhere; "auto" takes "gram" on a GPU that our kernels know. A kernel of our
own has nothing to add, so "pallas" and "interpret" are not among its implementations.

Squares have half the digits: "gram" takes s at or below 4 sqrt(eps) of the largest,
1.4e-3 in float32, for 0. Measured against an SVD in float64 (a CPU's solver, 64 x 64,
512 x 256, 512 x 512), its effective rank is off by 1e-6 of itself where s falls
geometrically to 1/100, by 1e-5 for s = 1/i, 2e-4 for normal numbers, 4e-3 where s
falls to 1/1,000, 1.1e-2 (too low) to a millionth, and by 1e-6 for ranks of 1 and 8.
"reference" is off by 2e-4 at most. Counts differ by 1 at most, where an s stands on
the threshold.
"""

from typing import Literal

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from koki2.kernels.dispatch import no_hopper
from koki2.kernels.effective_rank import reference

Implementation = Literal["auto", "reference", "gram"]
THRESHOLD = 0.01  # of the largest singular value


def effective_rank(
    x: Float[Array, "D O"], *, implementation: Implementation = "auto"
) -> Float[Array, ""]:
    """exp of the entropy of the normalised singular values: between 1 and min(D, O).

    Args:
      x: one matrix; `vmap` for many. Its size does not count.
      implementation: see above.

    Returns:
      In float32, or float64 of float64. 0 of zeros; NaN where a number is not finite.
      Differentiable as singular values are; one that is exactly 0 has no gradient,
      for its own would be infinite.

    Raises:
      ValueError: if there is no such implementation, or the matrix is empty.

    Example:
      >>> effective_rank(jnp.diag(jnp.array([5.0, 5.0, 0.0]))).round(4).item()
      2.0

    Source: Roy and Vetterli, "The effective rank", 2007.
    """
    return _by_entropy(_singular_values("effective_rank", x, implementation))


def count_rank(
    x: Float[Array, "D O"], *, implementation: Implementation = "auto"
) -> Float[Array, ""]:
    """How many singular values are above 1% of the largest.

    Args:
      x: one matrix; `vmap` for many. Its size does not count.
      implementation: see above.

    Returns:
      A whole number, as a float, so that it can be NaN where a number is not finite. 0
      of zeros. Its gradient is 0.

    Raises:
      ValueError: as `effective_rank`.

    Example:
      >>> count_rank(jnp.diag(jnp.array([100.0, 1.5, 0.5]))).item()
      2.0
    """
    return _by_count(_singular_values("count_rank", x, implementation))


def both_ranks(
    x: Float[Array, "D O"], *, implementation: Implementation = "auto"
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """`count_rank` and `effective_rank` of the same singular values, found once.

    Example:
      >>> [rank.round(4).item() for rank in both_ranks(jnp.eye(3))]
      [3.0, 3.0]
    """
    s = _singular_values("both_ranks", x, implementation)
    return _by_count(s), _by_entropy(s)


def _by_entropy(s: Float[Array, " S"]) -> Float[Array, ""]:
    s = jnp.where(s != 0, s, 0.0)  # zeros get no gradient, by the sum either
    total = jnp.sum(s)
    share = s / jnp.where(total == 0, 1.0, total)
    counts = share != 0  # NaN does
    logs = jnp.log(jnp.where(counts, share, 1.0))
    return jnp.where(total == 0, 0.0, jnp.exp(-jnp.sum(share * logs)))


def _by_count(s: Float[Array, " S"]) -> Float[Array, ""]:
    count = jnp.sum(s > THRESHOLD * jnp.max(s)).astype(s.dtype)
    return jnp.where(jnp.isnan(jnp.max(s)), jnp.nan, count)


def _singular_values(
    op: str, x: Float[Array, "D O"], implementation: str
) -> Float[Array, " S"]:
    """Largest first, of the matrix over its largest number; NaN if not finite."""
    if implementation not in ("auto", "reference", "gram"):
        raise ValueError(
            f"{op}: implementation must be one of auto, reference, gram, "
            f"got {implementation!r}."
        )
    if 0 in x.shape:
        raise ValueError(f"{op} needs a row and a column at least, got {x.shape}.")
    if implementation == "auto":
        implementation = "reference" if no_hopper() else "gram"
    x = x.astype(jnp.float64 if x.dtype == jnp.float64 else jnp.float32)
    peak = lax.stop_gradient(jnp.max(jnp.abs(x)))
    finite, zero = jnp.isfinite(peak), peak == 0
    x = jnp.where(finite, x, 0.0) / jnp.where(finite & ~zero, peak, 1.0)
    s = reference.svd(x) if implementation == "reference" else reference.gram(x)
    return jnp.where(finite, s, jnp.nan)
