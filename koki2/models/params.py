"""Parameters of a GPT: which arrays there are, and what they are at first.

    every weight   ~ N(0, .02^2), but those of products that add to the stream:
                   ~ N(0, .02^2 / (2 layers))
    gains 1, biases 0, what activations have of their own as they declare it

Source: nanoGPT (Karpathy 2022), after GPT-2.
"""

import math
from collections.abc import Callable

import chex
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from koki2.core.types import Key
from koki2.models.activation_catalogue import ACTIVATIONS
from koki2.models.configs import GptConfig

SCALE = 0.02
"""Standard deviation of a weight at first."""


@chex.dataclass(frozen=True, kw_only=True)
class NormParams:
    """Of a norm over the stream."""

    gain: Float[Array, " D"]
    bias: Float[Array, " D"] | None = None


@chex.dataclass(frozen=True, kw_only=True)
class BlockParams:
    """Of one block. Products are x @ w, but for `down`."""

    attention_norm: NormParams
    qkv: Float[Array, "D N"]
    """Queries of H heads, then keys of G, then values of G, each K wide."""
    qkv_bias: Float[Array, " N"] | None
    out: Float[Array, "D D"]
    out_bias: Float[Array, " D"] | None
    ffn_norm: NormParams
    up: Float[Array, "D U"]
    """All products that the activation combines, side by side: the gate first."""
    up_bias: Float[Array, " U"] | None
    down: Float[Array, "D F"]
    """Outputs by inputs, x @ w.T: on processors its gradient is then up to twice as
    fast a product."""
    down_bias: Float[Array, " D"] | None
    own: dict[str, Float[Array, "..."]]
    """What the activation has of its own."""


@chex.dataclass(frozen=True, kw_only=True)
class GptParams:
    """Of a whole model."""

    embedding: Float[Array, "V D"]
    positions: Float[Array, "S D"] | None
    """A vector for each place; None where positions are rotary."""
    blocks: tuple[BlockParams, ...]
    norm: NormParams
    head: Float[Array, "V D"] | None
    """Outputs by inputs, as the embedding, which is the head where this is None."""


def init_params(config: GptConfig, key: Key) -> GptParams:
    """Draws the parameters that training begins with, in float32.

    Example:
      >>> config = GptConfig(dim=8, heads=2, layers=1)
      >>> draw = lambda key: init_params(config, key)
      >>> params = jax.eval_shape(draw, jax.random.key(0))
      >>> params.embedding.shape, params.blocks[0].qkv.shape, params.head is None
      ((256, 8), (8, 24), True)
    """
    key_embedding, key_positions, key_head, key_blocks = jax.random.split(key, 4)
    learned, dim = config.positions == "learned", config.dim
    return GptParams(
        embedding=_normal(key_embedding, config.vocabulary, dim),
        positions=_normal(key_positions, config.block, dim) if learned else None,
        blocks=tuple(
            _block(config, key) for key in jax.random.split(key_blocks, config.layers)
        ),
        norm=_norm(config),
        head=None if config.tied else _normal(key_head, config.vocabulary, dim),
    )


def matrices(config: GptConfig, params: GptParams) -> dict[str, Float[Array, "M N"]]:
    """Lists the weights of products x @ w, those apart that one product computes.

    Neither embeddings nor norms are among them; an untied head is.

    Returns:
      By name: "blocks.0.q", "blocks.0.k", "blocks.0.v", "blocks.0.out", "blocks.0.up"
      (of a gated activation "blocks.0.gate" before it), "blocks.0.down", ..., "head".

    Example:
      >>> config = GptConfig(dim=8, heads=2, layers=1, ffn_activation="swiglu")
      >>> params = jax.jit(lambda key: init_params(config, key))(jax.random.key(0))
      >>> names = matrices(config, params)
      >>> [name.removeprefix("blocks.0.") for name in names]
      ['q', 'k', 'v', 'out', 'gate', 'up', 'down']
    """
    heads, groups, wide = config.heads, config.groups, config.head_dim
    parts = ACTIVATIONS.find(config.ffn_activation).parts
    halves = ["up"] if parts == 1 else ["gate", "up"]
    halves = halves if parts < 3 else [f"up{i}" for i in range(parts)]
    named = {}
    for depth, block in enumerate(params.blocks):
        ends = [heads * wide, (heads + groups) * wide]
        of_block = dict(zip("qkv", jnp.split(block.qkv, ends, axis=1), strict=True))
        of_block["out"] = block.out
        ups = jnp.split(block.up, parts, axis=1)
        of_block |= dict(zip(halves, ups, strict=True)) | {"down": block.down.T}
        named |= {f"blocks.{depth}.{name}": w for name, w in of_block.items()}
    if params.head is not None:
        named["head"] = params.head.T
    return named


def _block(config: GptConfig, key: Key) -> BlockParams:
    key_qkv, key_out, key_up, key_down = jax.random.split(key, 4)
    dim, width, up_width = config.dim, config.ffn_width, config.up_width
    bias: Callable[[int], Array | None] = lambda n: (
        jnp.zeros(n, jnp.float32) if config.bias else None
    )
    to_stream = 1 / math.sqrt(2 * config.layers)
    own = ACTIVATIONS.find(config.ffn_activation).own
    return BlockParams(
        attention_norm=_norm(config),
        qkv=_normal(key_qkv, dim, config.qkv_width),
        qkv_bias=bias(config.qkv_width),
        out=_normal(key_out, dim, dim) * to_stream,
        out_bias=bias(dim),
        ffn_norm=_norm(config),
        up=_normal(key_up, dim, up_width),
        up_bias=bias(up_width),
        down=_normal(key_down, dim, width) * to_stream,
        down_bias=bias(dim),
        own={
            name: jnp.full(array.shape(width), array.start, jnp.float32)
            for name, array in own.items()
        },
    )


def _norm(config: GptConfig) -> NormParams:
    has_bias = config.bias and config.norm == "layer"
    gain, zeros = jnp.ones(config.dim, jnp.float32), jnp.zeros(config.dim, jnp.float32)
    return NormParams(gain=gain, bias=zeros if has_bias else None)


def _normal(key: Key, rows: int, columns: int) -> Float[Array, "M N"]:
    return SCALE * jax.random.normal(key, (rows, columns), jnp.float32)
