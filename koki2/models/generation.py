"""Generation: a model continues a prompt, token by token, from a cache.

Token i after the prompt is drawn with the key `fold_in(key, i)`, so that the same key
gives the same text however it is cut into pieces. The first `block` tokens are read
once each; from then on the model reads the last `block` of them again for every token,
as nanoGPT does. Logits with and without a cache differ by rounding alone: by less than
1e-5 of the largest in float32.
"""

from typing import Any

import chex
import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Int

from koki2.core.types import Key
from koki2.models.base import Cache, Model, Params


@chex.dataclass(frozen=True, kw_only=True)
class Generation:
    """A text in the making."""

    window: Int[Array, " S"]
    """The last tokens, from the left; what is behind `length` means nothing."""
    length: Int[Array, ""]
    """How many tokens of the window there are, 1 to S."""
    logits: Float[Array, " V"]
    """Of the token that comes next."""
    drawn: Int[Array, ""]
    """Tokens drawn as yet."""
    cache: Any
    """Of the model; None where it has none."""


def generate(
    model: Model,
    params: Params,
    prompt: Int[Array, " P"],
    count: int,
    key: Key,
    *,
    temperature: ArrayLike = 1.0,
    top_k: int | None = None,
) -> Int[Array, " n"]:
    """Continues a prompt; one prompt, `vmap` over prompts and keys to batch.

    Args:
      model: any `Model`; one with `prefill` and `decode` is read from its cache.
      params: its parameters.
      prompt: at least one token; only the last `model.block` are read.
      count: how many tokens to draw, n.
      key: of the draws.
      temperature: what logits are divided by; 0 takes the likeliest token, the first of
        equals.
      top_k: draw only among so many of the likeliest; None: among all.

    Returns:
      What comes after the prompt.

    Raises:
      ValueError: the prompt is empty, top_k is below 1, or temperature below 0.

    Example:
      >>> from koki2.models import gpt, GptConfig
      >>> model = gpt(GptConfig(vocabulary=5, block=8, layers=1, heads=2, dim=4))
      >>> params = jax.jit(model.init)(jax.random.key(0))
      >>> more = jax.jit(lambda prompt, key: generate(model, params, prompt, 20, key))
      >>> more(jnp.array([3]), jax.random.key(1)).shape
      (20,)
    """
    text = begin(model, params, prompt)
    return proceed(
        model, params, text, count, key, temperature=temperature, top_k=top_k
    )[1]


def begin(model: Model, params: Params, prompt: Int[Array, " P"]) -> Generation:
    """Reads a prompt.

    Under `jit` it is compiled for each length of a prompt; `read_prompt`, of what `pad`
    returns, once.

    Raises:
      ValueError: it is empty.
    """
    return read_prompt(model, params, *pad(prompt, model.block))


def pad(
    prompt: Int[Array, " P"], block: int
) -> tuple[Int[Array, " S"], Int[Array, ""]]:
    """Fits a prompt into a window: its last tokens from the left, and how many.

    Raises:
      ValueError: it is empty.

    Example:
      >>> window, length = pad(jnp.array([5, 6]), 4)
      >>> window.tolist(), length.item()
      ([5, 6, 0, 0], 2)
    """
    if len(prompt) == 0:
        raise ValueError("prompt must have at least one token, got none.")
    last = prompt[-block:].astype(jnp.int32)
    return jnp.pad(last, (0, block - len(last))), jnp.int32(len(last))


def read_prompt(
    model: Model, params: Params, window: Int[Array, " S"], length: Int[Array, ""]
) -> Generation:
    """Begins a text with the first `length` tokens of a window."""
    logits, cache = _read(model, params, window, length)
    return Generation(
        window=window, length=length, logits=logits, drawn=jnp.int32(0), cache=cache
    )


def proceed(
    model: Model,
    params: Params,
    text: Generation,
    count: int,
    key: Key,
    *,
    temperature: ArrayLike = 1.0,
    top_k: int | None = None,
) -> tuple[Generation, Int[Array, " n"]]:
    """Draws the next tokens of a text, for callers that show it as it comes.

    Args:
      model: the model.
      params: its parameters.
      text: as `begin`, or the last `proceed`, left it.
      count: how many tokens to draw, n.
      key: the same for all of a text.
      temperature: as in `generate`.
      top_k: as in `generate`.

    Returns:
      The text with them, and they alone.

    Raises:
      ValueError: top_k is below 1, or temperature below 0.
    """
    if top_k is not None and top_k < 1:
        raise ValueError(f"top_k must be >= 1, got {top_k}.")
    if isinstance(temperature, int | float) and not temperature >= 0:
        raise ValueError(f"temperature must be >= 0, got {temperature}.")

    def step(text: Generation, _: None) -> tuple[Generation, Int[Array, ""]]:
        key_token = jax.random.fold_in(key, text.drawn)
        token = draw_token(key_token, text.logits, temperature, top_k)
        is_full = text.length == model.block
        window = jnp.where(is_full, jnp.roll(text.window, -1), text.window)
        place = jnp.minimum(text.length, model.block - 1)
        window = window.at[place].set(token)
        length = place + 1
        if model.decode is None:
            logits, cache = _read(model, params, window, length)
        else:
            again = lambda: (_read(model, params, window, length)[0], text.cache)
            more = lambda: model.decode(params, text.cache, token, place)
            logits, cache = jax.lax.cond(is_full, again, more)
        after = Generation(
            window=window,
            length=length,
            logits=logits,
            drawn=text.drawn + 1,
            cache=cache,
        )
        return after, token

    return jax.lax.scan(step, text, length=count)


def draw_token(
    key: Key, logits: Float[Array, " V"], temperature: ArrayLike, top_k: int | None
) -> Int[Array, ""]:
    """Draws a token from the softmax of logits / temperature.

    Args:
      key: consumed.
      logits: of every token.
      temperature: >= 0; 0 takes the likeliest, the first of equals.
      top_k: how many of the likeliest may be drawn; equals of the last of them may be,
        too. None: all.

    Example:
      >>> logits = jnp.array([0.0, 2.0, 1.0])
      >>> draw_token(jax.random.key(0), logits, 0.0, None).item()
      1
    """
    likeliest = jnp.argmax(logits)
    if top_k is not None and top_k < logits.shape[0]:
        least = jax.lax.top_k(logits, top_k)[0][-1]
        logits = jnp.where(logits >= least, logits, -jnp.inf)
    heat = jnp.asarray(temperature, logits.dtype)
    drawn = jax.random.categorical(key, logits / jnp.where(heat > 0, heat, 1))
    return jnp.where(heat > 0, drawn, likeliest).astype(jnp.int32)


def _read(
    model: Model, params: Params, window: Int[Array, " S"], length: Int[Array, ""]
) -> tuple[Float[Array, " V"], Cache]:
    """The logits after the first `length` tokens of a window, and their cache."""
    if model.prefill is not None and model.decode is not None:
        return model.prefill(params, window, length)
    return model.apply(params, window[None])[0, length - 1], None
