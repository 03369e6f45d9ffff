"""GPT: the decoder-only transformer, pre-norm, over a batch of sequences.

    x = embedding[token] + positions[place]     (rotary positions: within attention)
    x = block(x), layer after layer
    logits = norm(x) head                       (tied: the embedding is the head)

Dropout is on the embedding and on what each part adds to the stream; not on the weights
of attention, which a kernel never holds.
"""

import functools
from collections.abc import Callable

import chex
import jax
import jax.numpy as jnp
from jax.typing import DTypeLike
from jaxtyping import Array, Float, Int

from koki2.core.types import Key
from koki2.kernels.attention import attention
from koki2.kernels.dispatch import Implementation
from koki2.models import parts
from koki2.models.activation_catalogue import ACTIVATIONS
from koki2.models.base import Model, with_loss
from koki2.models.block import Attend, Call, NORMS, run_block
from koki2.models.configs import GptConfig
from koki2.models.params import GptParams, init_params
from koki2.models.sites import Sites

Activate = Callable[..., Float[Array, "B T F"]]


@chex.dataclass(frozen=True, kw_only=True)
class KeysAndValues:
    """The cache: keys and values of every block; at places not read yet, anything."""

    keys: tuple[Float[Array, "S G K"], ...]
    values: tuple[Float[Array, "S G K"], ...]


def gpt(
    config: GptConfig,
    *,
    dtype: DTypeLike = "float32",
    remat: bool = False,
    implementation: Implementation = "auto",
) -> Model:
    """Builds the model of a config.

    Its `apply` and `loss` also take `activate`, another activation of the same shapes
    for this call: data of the program may choose it.

    Args:
      config: its sizes and parts.
      dtype: of products; the stream, norms, logits and losses are at least float32.
      remat: compute blocks again in the backward pass in place of keeping what they
        computed: less memory, more time, nearly the same numbers.
      implementation: of attention, see `koki2.kernels.dispatch`.

    Returns:
      A `Model` whose parameters are `GptParams`.

    Example:
      >>> model = gpt(GptConfig(vocabulary=5, block=8, layers=1, heads=2, dim=4))
      >>> params = jax.jit(model.init)(jax.random.key(0))
      >>> jax.jit(model.apply)(params, jnp.zeros((3, 8), jnp.int32)).shape
      (3, 8, 5)

    Source: Radford et al. 2019 (GPT-2), nanoGPT; grouped heads, rotary positions and
    gated activations as in Llama.
    """
    dtype = jnp.dtype(dtype)
    wide = max(dtype, jnp.dtype(jnp.float32), key=lambda t: t.itemsize)
    own_activate = ACTIVATIONS.find(config.ffn_activation).apply
    attend_with = functools.partial(
        attention, softcap=config.softcap, implementation=implementation
    )
    among = lambda depth, q, k, v: attend_with(q, k, v)

    def read(
        params: GptParams,
        tokens: Int[Array, "B T"],
        places: Int[Array, " T"],
        attend: Attend,
        key: Key | None = None,
        sites: Sites | None = None,
        activate: Activate | None = None,
        remat: bool = False,
    ) -> Float[Array, "B T D"]:
        """The stream behind the last block, normalised."""
        call = Call(dtype, places, attend, activate or own_activate, sites or Sites())
        keys = None
        if key is not None and config.dropout:
            keys = jax.random.split(key, (config.layers + 1, 2))
        x = params.embedding[tokens].astype(wide)
        if params.positions is not None:
            x = x + params.positions[places].astype(wide)[None]
        if keys is not None:
            x = parts.dropout(keys[-1, 0], x, config.dropout)
        for depth, block in enumerate(params.blocks):
            run = functools.partial(run_block, config, call, depth)
            run = jax.checkpoint(run) if remat else run
            x = run(block, x, None if keys is None else keys[depth])
        return NORMS[config.norm](x, params.norm)

    def predict(params: GptParams, x: Float[Array, "B T D"]) -> Float[Array, "B T V"]:
        head = params.embedding if params.head is None else params.head
        rows, head = x.reshape(-1, config.dim).astype(dtype), head.astype(dtype)
        logits = jnp.matmul(rows, head.T, preferred_element_type=wide)
        return logits.reshape(*x.shape[:2], config.vocabulary)

    def apply(
        params: GptParams,
        tokens: Int[Array, "B T"],
        *,
        key: Key | None = None,
        sites: Sites | None = None,
        activate: Activate | None = None,
    ) -> Float[Array, "B T V"]:
        length = tokens.shape[1]
        if length > config.block:
            raise ValueError(
                f"tokens must be at most {config.block}, the block, got {length}."
            )
        places = jnp.arange(length)
        x = read(params, tokens, places, among, key, sites, activate, remat)
        return predict(params, x)

    def prefill(
        params: GptParams, tokens: Int[Array, " S"], length: Int[Array, ""]
    ) -> tuple[Float[Array, " V"], KeysAndValues]:
        keys, values = [], []

        def attend(depth: int, q: Array, k: Array, v: Array) -> Float[Array, "B T H K"]:
            keys.append(k[0])
            values.append(v[0])
            return among(depth, q, k, v)

        x = read(params, tokens[None], jnp.arange(config.block), attend)
        last = jax.lax.dynamic_slice_in_dim(x, length - 1, 1, axis=1)
        cache = KeysAndValues(keys=tuple(keys), values=tuple(values))
        return predict(params, last)[0, 0], cache

    def decode(
        params: GptParams,
        cache: KeysAndValues,
        token: Int[Array, ""],
        place: Int[Array, ""],
    ) -> tuple[Float[Array, " V"], KeysAndValues]:
        keys, values = list(cache.keys), list(cache.values)
        seen = jnp.arange(config.block) <= place

        def attend(depth: int, q: Array, k: Array, v: Array) -> Float[Array, "B T H K"]:
            put = jax.lax.dynamic_update_slice_in_dim
            keys[depth] = put(keys[depth], k[0], place, 0)
            values[depth] = put(values[depth], v[0], place, 0)
            k, v = keys[depth][None], values[depth][None]
            return attend_with(q, k, v, causal=False, valid=seen[None])

        x = read(params, token[None, None], place[None], attend)
        cache = KeysAndValues(keys=tuple(keys), values=tuple(values))
        return predict(params, x)[0, 0], cache

    return Model(
        init=functools.partial(init_params, config),
        apply=apply,
        loss=with_loss(apply),
        vocabulary=config.vocabulary,
        block=config.block,
        prefill=prefill,
        decode=decode,
    )
