"""Batches: the windows of a text that a step is trained on, and nothing to remember.

    starts = randint(fold_in(fold_in(key, step), microbatch), [B], 0, T - block)
    window = tokens[start : start + block + 1]

Microbatch j of step t depends on (key, t, j) alone, so a run that is resumed, or that
has another number of microbatches a step, sees the same ones. The tokens lie on the
device, or, where they are too many, the windows of a chunk of steps are gathered on the
host before it: the same windows, bit for bit.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Int, Integer, UInt

from koki2.core.given import given
from koki2.core.types import Key
from koki2.data.tokenizer import Tokens

ON_DEVICE = 256_000_000
"""Bytes of tokens that lie on the device; longer texts are gathered on the host."""
_MOST = 2**31 - 1  # tokens of a part, for places are int32
Number = int | Int[Array, ""]


class Feed(NamedTuple):
    """What the program of a chunk of steps needs of its text: arrays, all of them.

    The shapes are the same for every chunk of as many steps and microbatches.
    """

    key: Key
    tokens: UInt[Array, " T"] | None
    """The whole text, where it lies on the device."""
    windows: UInt[Array, "S M B L"] | None
    """Else those of S steps of M microbatches each, L = block + 1."""
    first: Int[Array, ""]
    """The step of the first of them."""


class Batches(NamedTuple):
    """Where the windows of every step come from. Built by `batches`."""

    prepare: Callable[[Key, int, int, int], Feed]
    """(key, first step, steps, microbatches) -> the feed of these steps; on the host,
    before a chunk of steps."""
    windows: Callable[[Feed, Number, Number], Int[Array, "B L"]]
    """(feed, step, microbatch) -> tokens, int32; both numbers may be traced. A model
    sees all but the last of a window, and predicts all but the first."""
    is_on_device: bool
    """Whether the whole text lies there."""


def batches(
    tokens: Tokens, *, batch: int, block: int, limit: int = ON_DEVICE
) -> Batches:
    """Builds the source of batches of a text.

    Args:
      tokens: of one part, in memory or mapped from a file, T of them.
      batch: windows in a microbatch, B.
      block: tokens that a model sees at once; a window has one more.
      limit: bytes of tokens that may lie on the device.

    Raises:
      ValueError: no window fits in the text, or it has 2^31 tokens or more.

    Example:
      >>> source = batches(np.arange(100, dtype=np.uint8), batch=2, block=4)
      >>> feed = source.prepare(jax.random.key(0), 0, 10, 1)
      >>> source.windows(feed, 3, 0).tolist()
      [[79, 80, 81, 82, 83], [13, 14, 15, 16, 17]]
    """
    check_length("the training text", len(tokens), block)
    draw = lambda key, step, microbatch: draw_starts(
        key, step, microbatch, batch=batch, tokens=len(tokens), block=block
    )
    if tokens.nbytes <= limit:
        return _on_device(tokens, draw, block)
    return _on_host(tokens, draw, block)


def draw_starts(
    key: Key, step: Number, microbatch: Number, *, batch: int, tokens: int, block: int
) -> Int[Array, " B"]:
    """Draws where the windows of a microbatch begin, each place as likely as another.

    Args:
      key: of the whole run; it may be used again.
      step: number of the step.
      microbatch: its number within the step.
      batch: windows, B.
      tokens: of the text, T.
      block: a window has one token more.
    """
    key = jax.random.fold_in(jax.random.fold_in(key, step), microbatch)
    return jax.random.randint(key, (batch,), 0, tokens - block)


def consecutive(
    tokens: Tokens, block: int
) -> tuple[Integer[np.ndarray, "W L"], Bool[np.ndarray, "W block"]]:
    """Cuts a text into windows in which every token but the first is predicted once.

    Args:
      tokens: of the text, T >= 2.
      block: tokens seen at once; a window has L = block + 1, and begins with the last
        token of the one before.

    Returns:
      The windows, the last one filled up with zeros; and which tokens after the first
      of each are of the text.

    Example:
      >>> windows, valid = consecutive(np.array([5, 6, 7, 8], np.uint8), block=2)
      >>> windows.tolist(), valid.tolist()
      ([[5, 6, 7], [7, 8, 0]], [[True, True], [True, False]])
    """
    count = -(-(len(tokens) - 1) // block)
    places = np.arange(count)[:, None] * block + np.arange(block + 1)
    inside = places < len(tokens)
    return np.where(inside, tokens[places * inside], 0).astype(np.int32), inside[:, 1:]


def check_length(name: str, tokens: int, block: int) -> None:
    """Raises ValueError where a text has not one window, or too many.

    Args:
      name: what the text is called, for errors.
      tokens: how many it has.
      block: tokens that a model sees at once.

    Example:
      >>> check_length("the test text", 64, block=64)
      Traceback (most recent call last):
      ...
      ValueError: the test text must be longer than a block of 64 tokens, got 64.
    """
    if tokens <= block:
        raise ValueError(
            f"{name} must be longer than a block of {block} tokens, got {tokens}."
        )
    if tokens > _MOST:
        raise ValueError(f"{name} must have at most {_MOST} tokens, got {tokens}.")


Draw = Callable[[Key, Number, Number], Int[Array, " B"]]


def _on_device(tokens: Tokens, draw: Draw, block: int) -> Batches:
    lying = jnp.asarray(tokens)

    def prepare(key: Key, first: int, steps: int, microbatches: int) -> Feed:
        return Feed(key, lying, None, jnp.int32(first))

    def windows(feed: Feed, step: Number, microbatch: Number) -> Int[Array, "B L"]:
        cut = lambda start: lax.dynamic_slice_in_dim(
            given(feed.tokens), start, block + 1
        )
        starts = draw(feed.key, step, microbatch)
        return jax.vmap(cut)(starts).astype(jnp.int32)

    return Batches(prepare, windows, is_on_device=True)


def _on_host(tokens: Tokens, draw: Draw, block: int) -> Batches:
    inner = jax.vmap(draw, in_axes=(None, None, 0))
    draw_all = jax.jit(jax.vmap(inner, in_axes=(None, 0, None)))

    def prepare(key: Key, first: int, steps: int, microbatches: int) -> Feed:
        numbers = jnp.arange(first, first + steps), jnp.arange(microbatches)
        starts = np.asarray(draw_all(key, *numbers))
        gathered = tokens[starts[..., None] + np.arange(block + 1)]
        return Feed(key, None, jnp.asarray(gathered), jnp.int32(first))

    def windows(feed: Feed, step: Number, microbatch: Number) -> Int[Array, "B L"]:
        steps = lax.dynamic_index_in_dim(
            feed.windows, step - feed.first, keepdims=False
        )
        own = lax.dynamic_index_in_dim(steps, microbatch, keepdims=False)
        return own.astype(jnp.int32)

    return Batches(prepare, windows, is_on_device=False)
