"""What attention means: logits, mask, softmax, mean."""

import functools

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float


def attention(
    q: Float[Array, "B T H K"],
    k: Float[Array, "B S G K"],
    v: Float[Array, "B S G K"],
    causal: bool,
    scale: float,
    softcap: float | None = None,
    valid: Bool[Array, "B S"] | None = None,
) -> Float[Array, "B T H K"]:
    """See the door."""
    (batch, length, heads, width), groups = q.shape, k.shape[2]
    total = max(q.dtype, jnp.dtype(jnp.float32), key=lambda t: t.itemsize)  # of sums
    einsum = functools.partial(jnp.einsum, preferred_element_type=total)

    q = q.reshape(batch, length, groups, heads // groups, width)
    logits = einsum("btgrk,bsgk->bgrts", q, k) * jnp.asarray(scale, total)
    if softcap is not None:
        logits = softcap * jnp.tanh(logits / softcap)
    seen = None
    if causal:
        keys = k.shape[1]
        seen = jnp.tril(jnp.ones((length, keys), bool), keys - length)
        seen = seen[None, None, None]
        logits = jnp.where(seen, logits, -jnp.inf)
    if valid is None:
        weights = jax.nn.softmax(logits, axis=-1)
    else:  # zeros where nothing is seen
        allowed = valid[:, None, None, None]
        allowed = allowed if seen is None else allowed & seen
        weights = jax.nn.softmax(logits, axis=-1, where=allowed)
    out = einsum("bgrts,bsgk->btgrk", weights.astype(v.dtype), v)
    return out.reshape(batch, length, heads, width).astype(v.dtype)
