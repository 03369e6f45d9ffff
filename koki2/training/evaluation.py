"""Evaluation: the loss of a model on batches that are the same each time."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PyTree


def mean_loss(
    loss: Callable[..., Float[Array, ""]],
    params: PyTree,
    windows: Callable[[Int[Array, ""]], Int[Array, "B L"]],
    batches: int,
) -> Float[Array, ""]:
    """Returns the mean loss over some batches, without dropout, in nats a token.

    Args:
      loss: `Model.loss`.
      params: of the model.
      windows: number of a batch -> its windows.
      batches: how many.

    Example:
      >>> from koki2.models import with_loss
      >>> uniform = with_loss(lambda params, tokens: jnp.zeros((*tokens.shape, 4)))
      >>> windows = lambda j: jnp.zeros((2, 3), jnp.int32)
      >>> bool(jnp.isclose(mean_loss(uniform, None, windows, 5), jnp.log(4.0)))
      True
    """

    def add(j: Int[Array, ""], total: Float[Array, ""]) -> Float[Array, ""]:
        batch = windows(j)
        return total + loss(params, batch[:, :-1], batch[:, 1:])

    return jax.lax.fori_loop(0, batches, add, jnp.float32(0.0)) / batches
