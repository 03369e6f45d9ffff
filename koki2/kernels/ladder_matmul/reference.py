"""What ladder_matmul means: a host's product, and a wide one of which little is on."""

import functools

import jax.numpy as jnp
from jax.typing import DTypeLike
from jaxtyping import Array, Bool, Float, Int


def ladder_matmul(
    x: Float[Array, "N D"],
    w: Float[Array, "D O"],
    a: Float[Array, "M D R"],
    b: Float[Array, "M R O"],
    level: Int[Array, " N"],
    adapter: Int[Array, " N"],
    scale: Float[Array, " N"],
) -> Float[Array, "N O"]:
    """See the door. Here always [M, D, R], [M, R, O] and a number per item."""
    einsum = functools.partial(jnp.einsum, preferred_element_type=sums(x))
    host = einsum("nd,do->no", x, w)
    on = ranks_on(level, adapter, a)
    middle = einsum("nd,mdr->nmr", x, a) * scale[:, None, None]
    middle = jnp.where(on, middle, 0.0).astype(x.dtype)
    extra = einsum("nmr,mro->no", middle, b)
    some = on.any(axis=(1, 2))[:, None]
    return jnp.where(some, host + extra, host).astype(x.dtype)


def ranks_on(
    level: Int[Array, " N"], adapter: Int[Array, " N"], a: Float[Array, "M D R"]
) -> Bool[Array, "N M R"]:
    """Which ranks of which adapters are on, per item: [N, M, R]."""
    count, _, ranks = a.shape
    mine = adapter[:, None] == jnp.arange(count, dtype=adapter.dtype)[None]
    below = jnp.arange(ranks, dtype=level.dtype)[None] < level[:, None]
    return mine[:, :, None] & below[:, None]


def sums(x: Array) -> DTypeLike:
    """The dtype in which products of `x` are added up."""
    return jnp.float64 if x.dtype == jnp.float64 else jnp.float32
