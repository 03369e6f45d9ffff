"""A block of a GPT: attention, then the feed-forward part, each added to the stream.

    x <- x + attention(norm(x)) W_out          then `at_site`, after attention
    x <- x + activation(norm(x) W_up) W_down   then `at_site`, after the MLP

The stream is at least float32; products are in the dtype of computation.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from koki2.core.types import Key, Keys
from koki2.models import parts
from koki2.models.configs import GptConfig
from koki2.models.params import BlockParams
from koki2.models.sites import Role, Site, Sites, surface_uid

NORMS = {"layer": parts.layer_norm, "rms": parts.rms_norm}
Attend = Callable[..., Float[Array, "T H K"]]
"""(depth, q [T, H, K], k [T, G, K], v [T, G, K]) -> what each query attends to."""


class Call(NamedTuple):
    """What one call of the model brings, the same for all its blocks."""

    dtype: jnp.dtype
    """Of products."""
    places: Int[Array, " T"]
    """Where in the sequence each row stands."""
    attend: Attend
    activate: Callable[..., Float[Array, "T F"]]
    sites: Sites = Sites()


def run_block(
    config: GptConfig,
    call: Call,
    depth: int,
    params: BlockParams,
    x: Float[Array, "T D"],
    keys: Keys | None,
) -> Float[Array, "T D"]:
    """Runs one block.

    Args:
      config: sizes and parts.
      call: what this call of the model brings.
      depth: which block it is, from 0.
      params: its parameters.
      x: the stream.
      keys: two, of dropout; None: no dropout.

    Returns:
      The stream behind it.
    """
    normalise = NORMS[config.norm]
    length, heads, groups = x.shape[0], config.heads, config.groups

    def product(
        site: Site, role: Role, x: Array, w: Array, bias: Array | None
    ) -> Float[Array, "T N"]:
        x, w = x.astype(call.dtype), w.astype(call.dtype)
        if call.sites.at_projection is None:
            y = x @ w
        else:
            y = call.sites.at_projection(surface_uid(depth, site, role), x, w)
        return y if bias is None else y + bias.astype(y.dtype)[None]

    def add(site: Site, x: Array, more: Array, key: Key | None) -> Float[Array, "T D"]:
        more = more.astype(x.dtype)
        if key is not None:
            more = parts.dropout(key, more, config.dropout)
        x = x + more
        if call.sites.at_site is None:
            return x
        return call.sites.at_site(surface_uid(depth, site), x)

    site = Site.POST_ATTENTION
    normal = normalise(x, params.attention_norm)
    qkv = product(site, Role.QKV, normal, params.qkv, params.qkv_bias)
    qkv = qkv.reshape(length, heads + 2 * groups, config.head_dim)
    q, k, v = jnp.split(qkv, (heads, heads + groups), axis=1)
    if config.positions == "rotary":
        q = parts.rotate(q, call.places, config.rope_theta)
        k = parts.rotate(k, call.places, config.rope_theta)
    attended = call.attend(depth, q, k, v).reshape(length, config.dim)
    more = product(site, Role.O, attended, params.out, params.out_bias)
    x = add(site, x, more, None if keys is None else keys[0])

    site = Site.POST_MLP
    normal = normalise(x, params.ffn_norm)
    ups = product(site, Role.MLP_UP, normal, params.up, params.up_bias)
    ups = jnp.split(ups, config.up_width // config.ffn_width, axis=1)
    own = {name: array.astype(call.dtype) for name, array in params.own.items()}
    hidden = call.activate(*ups, **own)
    more = product(site, Role.MLP_DOWN, hidden, params.down, params.down_bias)
    return add(site, x, more, None if keys is None else keys[1])
