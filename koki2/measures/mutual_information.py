"""Mutual information between tokens and what neurons say, in bits per neuron.

Per neuron, over S places of a text: X the token there, Y the next one, T the neuron's
output in equal bins from its least to its largest value.

    I(X;T) = H(X) + H(T) - H(X,T),     H = -sum p log2 p

A finite sample has too small an H, and so too large an I, by about

    bias = (m_XT - m_X - m_T + 1) / (2 S ln 2)

with m cells that occur (Miller and Madow), which is taken off. It is too little where
many cells are empty. What is left of it shows in the control: the same of tokens that
are shuffled, where I is truly 0.
"""

import functools
from typing import NamedTuple

import chex
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from koki2.core.types import Key

MOST_CLASSES = 512  # tokens that are told apart
HASHED = 256  # classes of more than these
LEAST = 0.01  # bits of I(X;T), below which there is nothing to compress


@chex.dataclass(frozen=True, kw_only=True)
class Information:
    """What neurons tell of tokens: a mean over neurons, in bits."""

    bits: Float[Array, ""]  # less the bias
    bias: Float[Array, ""]  # that was taken off
    shuffled: Float[Array, ""]  # the control: `bits` of shuffled tokens


class Classes(NamedTuple):
    """Tokens as classes."""

    tokens: Int[Array, " S"]
    count: int
    is_hashed: bool
    """Whether tokens that differ may be of one class."""


def classes(tokens: Int[Array, " S"], vocabulary: int) -> Classes:
    """Tokens as classes: themselves, or in 256 classes if they are of more than 512.

    Args:
      tokens: in 0 to vocabulary - 1.
      vocabulary: how many there may be.

    Example:
      >>> classes(jnp.array([0, 70, 30_000]), 50_257).count
      256

    Source: multiplicative hashing (Knuth, vol. 3, 6.4).
    """
    if vocabulary <= MOST_CLASSES:
        return Classes(tokens.astype(jnp.int32), vocabulary, False)
    mixed = tokens.astype(jnp.uint32) * jnp.uint32(2_654_435_761)
    hashed = jnp.right_shift(mixed, jnp.uint32(24)).astype(jnp.int32)
    return Classes(hashed, HASHED, True)


def choose_neurons(key: Key, width: int, count: int = 64) -> Int[Array, " M"]:
    """Draws which neurons of a layer are looked at, in order; all if there are fewer.

    Example:
      >>> choose_neurons(jax.random.key(0), 3).tolist()
      [0, 1, 2]
    """
    if width <= count:
        return jnp.arange(width, dtype=jnp.int32)
    drawn = jax.random.choice(key, width, (count,), replace=False)
    return jnp.sort(drawn).astype(jnp.int32)


@functools.partial(jax.jit, static_argnames=("count", "bins"))
def mutual_information(
    key: Key,
    tokens: Int[Array, " S"],
    outputs: Float[Array, "S M"],
    *,
    count: int,
    bins: int = 30,
) -> Information:
    """Mean over neurons of what each alone tells of the tokens; one layer.

    Args:
      key: of the shuffling.
      tokens: as classes, in 0 to count - 1.
      outputs: of M neurons at the same places.
      count: how many classes there may be.
      bins: of every neuron's range.

    Returns:
      0 bits of neurons that are constant; NaN where an output is not finite. Without
      its bias an estimate may be a little below 0.

    Raises:
      ValueError: bins, or count, below 1.

    Example:
      >>> tokens = jnp.tile(jnp.arange(4), 256)
      >>> outputs = jnp.stack([tokens, tokens // 2], axis=1).astype(jnp.float32)
      >>> said = mutual_information(jax.random.key(0), tokens, outputs, count=4, bins=4)
      >>> round((said.bits + said.bias).item(), 4)  # 2 bits, and 1
      1.5

    Source: seed 003 8.8, per neuron and in equal bins as there; Miller, "Note on the
    bias of information estimates", 1955. The seed's own code asked it of whole layers
    at once, and was never given one.
    """
    if bins < 1 or count < 1:
        raise ValueError(f"bins and count must be >= 1, got {bins} and {count}.")
    low, high = jnp.min(outputs, axis=0), jnp.max(outputs, axis=0)
    scale = bins / jnp.where(high > low, high - low, 1.0)
    at = jnp.minimum(((outputs - low[None]) * scale[None]).astype(jnp.int32), bins - 1)
    is_finite = jnp.isfinite(low) & jnp.isfinite(high)
    at = jnp.clip(at, 0, bins - 1)

    def estimate(tokens: Int[Array, " S"]) -> tuple[Array, Array]:
        plain, bias = jax.vmap(_one_neuron, in_axes=(None, 1, None, None))(
            tokens, at, count, bins
        )
        plain = jnp.where(is_finite, plain, jnp.nan)
        return jnp.mean(plain - bias), jnp.mean(bias)

    bits, bias = estimate(tokens)
    shuffled, _ = estimate(jax.random.permutation(key, tokens))
    return Information(bits=bits, bias=bias, shuffled=shuffled)


def compression(
    input_bits: Float[Array, ""], output_bits: Float[Array, ""]
) -> Float[Array, ""]:
    """I(T;Y) / I(X;T), of their means; NaN where I(X;T) is below .01 bits.

    Example:
      >>> compression(jnp.float32(0.5), jnp.float32(0.125)).item()
      0.25
    """
    is_there = input_bits >= LEAST
    return jnp.where(
        is_there, output_bits / jnp.where(is_there, input_bits, 1), jnp.nan
    )


def _one_neuron(
    tokens: Int[Array, " S"], at: Int[Array, " S"], count: int, bins: int
) -> tuple[Array, Array]:
    """The plain estimate of one neuron, and its bias, in bits."""
    cells = jnp.bincount(tokens * bins + at, length=count * bins)
    table = cells.reshape(count, bins)
    by_token, by_bin = jnp.sum(table, axis=1), jnp.sum(table, axis=0)
    plain = _entropy(by_token) + _entropy(by_bin) - _entropy(cells)
    occur = lambda counts: jnp.sum(counts > 0)
    more = occur(cells) - occur(by_token) - occur(by_bin) + 1
    bias = more.astype(jnp.float32) / (2 * tokens.shape[0] * jnp.log(2.0))
    return plain, bias


def _entropy(counts: Int[Array, " C"]) -> Float[Array, ""]:
    share = counts.astype(jnp.float32) / jnp.sum(counts).astype(jnp.float32)
    return -jnp.sum(share * jnp.log2(jnp.where(share > 0, share, 1.0)))
