"""How large a GPT is, and what a token costs: exact, from the config alone. No JAX.

A product of [T, M] by [M, N] counts 2 T M N operations. Attention counts in full, also
what causality hides, for that is what is computed. Norms, activations, softmax and the
loss are not counted. A training step is three times a forward pass: each product has
two in the backward pass, and all of them are needed.
"""

import dataclasses

from koki2.models.activation_catalogue import ACTIVATIONS
from koki2.models.configs import ffn_size, GptConfig


@dataclasses.dataclass(frozen=True, kw_only=True)
class ParameterCount:
    """Numbers that training changes, by what they are for."""

    embedding: int
    positions: int
    attention: int
    """Of all blocks: products, with their biases."""
    ffn: int
    """Of all blocks: products, with their biases and what activations have."""
    norms: int
    head: int
    """0 where the embedding is the head."""

    @property
    def total(self) -> int:
        """All of them."""
        return sum(dataclasses.astuple(self))

    @property
    def without_embeddings(self) -> int:
        """All but the embedding, the positions and the head, as scaling laws count."""
        return self.attention + self.ffn + self.norms


@dataclasses.dataclass(frozen=True, kw_only=True)
class FlopCount:
    """Floating-point operations of products in one forward pass, by what they are."""

    projections: int
    """The four products of every block."""
    attention: int
    """Queries by keys, and weights by values."""
    head: int

    @property
    def forward(self) -> int:
        """All of them."""
        return sum(dataclasses.astuple(self))

    @property
    def training(self) -> int:
        """Those of a forward and a backward pass."""
        return 3 * self.forward


def count_parameters(config: GptConfig) -> ParameterCount:
    """Counts the parameters of a model.

    Example:
      >>> config = GptConfig(layers=6, dim=256, heads=8, ffn_activation="swiglu")
      >>> count_parameters(config).ffn // 6
      540672
      >>> count_parameters(config).total
      4902144
    """
    dim, layers = config.dim, config.layers
    activation = ACTIVATIONS.find(config.ffn_activation)
    attention = dim * config.qkv_width + dim * dim
    if config.bias:
        attention += config.qkv_width + dim
    norm = 2 * dim if config.bias and config.norm == "layer" else dim
    return ParameterCount(
        embedding=config.vocabulary * dim,
        positions=config.block * dim if config.positions == "learned" else 0,
        attention=layers * attention,
        ffn=layers * ffn_size(dim, config.ffn_width, activation, config.bias),
        norms=(2 * layers + 1) * norm,
        head=0 if config.tied else dim * config.vocabulary,
    )


def count_flops(config: GptConfig, tokens: int | None = None) -> FlopCount:
    """Counts the operations of a forward pass over one sequence.

    Args:
      config: of the model.
      tokens: length of the sequence, T; None: the block.

    Example:
      >>> flops = count_flops(GptConfig(vocabulary=84))  # nanoGPT's recipe, 84 letters
      >>> flops.training // 64  # a token's share
      5176320
    """
    length = config.block if tokens is None else tokens
    dim, width = config.dim, config.ffn_width
    of_token = dim * config.qkv_width + dim * dim + dim * config.up_width + width * dim
    return FlopCount(
        projections=2 * length * config.layers * of_token,
        attention=4 * length * length * config.layers * dim,
        head=2 * length * dim * config.vocabulary,
    )
