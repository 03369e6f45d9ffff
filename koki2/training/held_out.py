"""Held-out text: what a model loses on each of some documents, every token once.

A document is read from its first token, which is predicted from a token that ends one,
in windows of a block that begin anew; so early tokens of a window have little to look
back on, as in training.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from koki2.data import consecutive
from koki2.models import Model, token_losses
from koki2.models.base import Params


class DocumentLosses(NamedTuple):
    """By document, I of them."""

    nats: Float[np.ndarray, " I"]
    """Sum over its tokens."""
    tokens: Int[np.ndarray, " I"]


def document_losses(
    model: Model,
    params: Params,
    documents: Sequence[np.ndarray],
    *,
    before: int,
    batch: int = 32,
) -> DocumentLosses:
    """Sums the loss of each document.

    Args:
      model: any.
      params: its parameters.
      documents: their tokens, at least one each.
      before: the token that stands before each.
      batch: windows that are read at once.

    Example:
      >>> from koki2.models import with_loss
      >>> uniform = lambda params, tokens: jnp.zeros((*tokens.shape, 4))
      >>> model = Model(lambda key: None, uniform, with_loss(uniform), 4, 8)
      >>> texts = [np.zeros(3, np.uint8), np.ones(20, np.uint8)]
      >>> found = document_losses(model, None, texts, before=0)
      >>> found.tokens.tolist(), np.round(found.nats / found.tokens, 4).tolist()
      ([3, 20], [1.3863, 1.3863])
    """
    windows, valid, owner = [], [], []
    for i, document in enumerate(documents):
        text = np.concatenate([np.array([before], np.uint32), document])
        cut, inside = consecutive(text, model.block)
        windows.append(cut)
        valid.append(inside)
        owner += [i] * len(cut)
    sums = _sums(model, params, np.concatenate(windows), np.concatenate(valid), batch)
    return DocumentLosses(
        nats=np.bincount(owner, weights=sums, minlength=len(documents)),
        tokens=np.array([len(document) for document in documents]),
    )


def _sums(
    model: Model,
    params: Params,
    windows: Int[np.ndarray, "W L"],
    valid: Bool[np.ndarray, "W T"],
    batch: int,
) -> Float[np.ndarray, " W"]:
    """The loss of each window, over the tokens that are of a text."""
    sum_of: Callable[..., Array] = jax.jit(
        lambda params, windows, valid: jnp.sum(
            jnp.where(
                valid,
                token_losses(model.apply(params, windows[:, :-1]), windows[:, 1:]),
                0.0,
            ),
            axis=1,
        )
    )
    found = []
    for at in range(0, len(windows), batch):
        some, inside = windows[at : at + batch], valid[at : at + batch]
        short = batch - len(some)  # the last is filled up, or it would compile anew
        some = np.pad(some, ((0, short), (0, 0)))
        inside = np.pad(inside, ((0, short), (0, 0)))
        sums = sum_of(params, jnp.asarray(some), jnp.asarray(inside))
        found.append(np.asarray(sums, np.float64)[: batch - short])
    return np.concatenate(found)
