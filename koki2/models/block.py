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
Attend = Callable[..., Float[Array, "B T H K"]]
"""(depth, q [B, T, H, K], k [B, T, G, K], v [B, T, G, K]) -> what queries attend to."""


class Call(NamedTuple):
    """What one call of the model brings, the same for all its blocks."""

    dtype: jnp.dtype
    """Of products."""
    places: Int[Array, " T"]
    """Where in its sequence each token stands."""
    attend: Attend
    activate: Callable[..., Float[Array, "B T F"]]
    sites: Sites = Sites()


def run_block(
    config: GptConfig,
    call: Call,
    depth: int,
    params: BlockParams,
    x: Float[Array, "B T D"],
    keys: Keys | None,
) -> Float[Array, "B T D"]:
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
    (batch, length, _), heads, groups = x.shape, config.heads, config.groups

    def product(
        site: Site, role: Role, x: Array, w: Array, bias: Array | None
    ) -> Float[Array, "B T N"]:
        """Of rows, not of a batch: XLA then finds the faster gradient of w."""
        rows, w = x.reshape(batch * length, -1).astype(call.dtype), w.astype(call.dtype)
        if call.sites.at_projection is None:
            y = rows @ w
        else:
            y = call.sites.at_projection(surface_uid(depth, site, role), rows, w)
        y = y if bias is None else y + bias.astype(y.dtype)[None]
        return y.reshape(batch, length, -1)

    def add(
        site: Site, x: Array, more: Array, key: Key | None
    ) -> Float[Array, "B T D"]:
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
    qkv = qkv.reshape(batch, length, heads + 2 * groups, config.head_dim)
    q, k, v = jnp.split(qkv, (heads, heads + groups), axis=2)
    if config.positions == "rotary":
        q = parts.rotate(q, call.places, config.rope_theta)
        k = parts.rotate(k, call.places, config.rope_theta)
    attended = call.attend(depth, q, k, v)
    more = product(site, Role.O, attended, params.out, params.out_bias)
    x = add(site, x, more, None if keys is None else keys[0])

    site = Site.POST_MLP
    normal = normalise(x, params.ffn_norm)
    ups = product(site, Role.MLP_UP, normal, params.up, params.up_bias)
    ups = jnp.split(ups, config.up_width // config.ffn_width, axis=2)
    own = {name: array.astype(call.dtype) for name, array in params.own.items()}
    hidden = call.activate(*ups, **own)
    more = product(site, Role.MLP_DOWN, hidden, params.down.T, params.down_bias)
    return add(site, x, more, None if keys is None else keys[1])
