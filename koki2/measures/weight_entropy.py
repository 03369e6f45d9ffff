"""Weight entropy: how evenly the sizes of weights fill the range up to the largest."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

BINS = 100


@jax.jit
def weight_entropy(weights: PyTree[Float[Array, "..."]]) -> Float[Array, ""]:
    """Shannon entropy of |w| over 100 equal bins from 0 to the largest, in bits.

        H = -sum_i p_i log2 p_i,     p_i the share of weights in bin i

    Args:
      weights: all parameters, in any tree; they are pooled. Scale does not count.

    Returns:
      0 where all sizes are the same or all are 0, log2(100) = 6.64 where they are
      spread evenly; NaN where a weight is not finite.

    Raises:
      ValueError: there are none.

    Example:
      >>> weight_entropy({"w": jnp.array([-1.0, 1.0, 0.5, 0.0])}).item()
      1.5

    Source: seed 003 8.3. A weight at a bin's edge counts to the bin above, the largest
    to the last.
    """
    leaves = [jnp.ravel(w).astype(jnp.float32) for w in jax.tree.leaves(weights)]
    count = sum(w.size for w in leaves)
    if count == 0:
        raise ValueError("weights must have a number at least, got none.")
    peak = jnp.max(jnp.array([jnp.max(jnp.abs(w)) for w in leaves if w.size]))
    scale = BINS / jnp.where(peak == 0, 1.0, peak)
    counts = jnp.zeros(BINS, jnp.int32)
    for w in leaves:
        bins = jnp.minimum((jnp.abs(w) * scale).astype(jnp.int32), BINS - 1)
        counts = counts + jnp.bincount(bins, length=BINS).astype(jnp.int32)
    share = counts.astype(jnp.float32) / count
    bits = -jnp.sum(share * jnp.log2(jnp.where(share > 0, share, 1.0)))
    return jnp.where(jnp.isfinite(peak), jnp.maximum(bits, 0.0), jnp.nan)
