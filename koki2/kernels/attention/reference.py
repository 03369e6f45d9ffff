"""What attention means: logits, mask, softmax, mean."""

import functools

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


def attention(
    q: Float[Array, "B T H K"],
    k: Float[Array, "B T G K"],
    v: Float[Array, "B T G K"],
    causal: bool,
    scale: float,
) -> Float[Array, "B T H K"]:
    """See the door."""
    (batch, length, heads, width), groups = q.shape, k.shape[2]
    total = max(q.dtype, jnp.dtype(jnp.float32), key=lambda t: t.itemsize)  # of sums
    einsum = functools.partial(jnp.einsum, preferred_element_type=total)

    q = q.reshape(batch, length, groups, heads // groups, width)
    logits = einsum("btgrk,bsgk->bgrts", q, k) * jnp.asarray(scale, total)
    if causal:
        seen = jnp.tril(jnp.ones((length, length), bool))
        logits = jnp.where(seen[None, None, None], logits, -jnp.inf)
    weights = jax.nn.softmax(logits, axis=-1).astype(v.dtype)
    out = einsum("bgrts,bsgk->btgrk", weights, v)
    return out.reshape(batch, length, heads, width).astype(v.dtype)
