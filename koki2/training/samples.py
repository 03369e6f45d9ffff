"""Samples: what a model makes of prompts that are the same at every evaluation."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int

from koki2.core.types import Key
from koki2.data import Tokens
from koki2.models import Model
from koki2.models.base import Params
from koki2.models.generation import pad, proceed, read_prompt

_LONGEST = 32  # tokens of a prompt that is taken from a text


class Prompts(NamedTuple):
    """Prompts of several lengths, as one program reads them."""

    windows: Int[Array, "P S"]
    lengths: Int[Array, " P"]


def prompts_of(texts: Sequence[Sequence[int] | np.ndarray], block: int) -> Prompts:
    """Fits prompts into windows of a model.

    Args:
      texts: their tokens, at least one each.
      block: of the model.
    """
    padded = [pad(jnp.asarray(np.asarray(text, np.int32)), block) for text in texts]
    windows, lengths = zip(*padded, strict=True)
    return Prompts(jnp.stack(windows), jnp.stack(lengths))


def fixed_prompts(validation: Tokens, block: int) -> list[np.ndarray]:
    """The prompts of a run: the beginning of the validation text, and its middle.

    Example:
      >>> text = np.arange(10, dtype=np.uint8)
      >>> [prompt.tolist() for prompt in fixed_prompts(text, block=4)]
      [[0, 1], [5, 6]]
    """
    length = max(1, min(block // 2, _LONGEST))
    half = len(validation) // 2
    return [np.asarray(validation[at : at + length]) for at in (0, half)]


def draw_samples(
    model: Model, tokens: int
) -> Callable[[Params, Prompts, Key], Int[Array, "P n"]]:
    """Builds the function that continues all prompts, at temperature .8.

    Args:
      model: any.
      tokens: to draw for each, n.
    """

    def one(params: Params, window: Array, length: Array, key: Key) -> Array:
        text = read_prompt(model, params, window, length)
        return proceed(model, params, text, tokens, key, temperature=0.8)[1]

    def every(params: Params, prompts: Prompts, key: Key) -> Int[Array, "P n"]:
        keys = jax.random.split(key, len(prompts.lengths))
        return jax.vmap(one, in_axes=(None, 0, 0, 0))(
            params, prompts.windows, prompts.lengths, keys
        )

    return every
