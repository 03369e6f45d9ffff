"""The contract every language model keeps (`contracts.model` checks it)."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from koki2.core.types import Key

Params = Any
"""A pytree of arrays: all that training changes."""
Cache = Any
"""What a model keeps of the tokens that it has read; None where it cannot."""


class Model(NamedTuple):
    """A language model as pure functions over a batch of sequences of one length.

    A loop may `vmap` it over parameters, for a population. What stands first is asked
    of every model. Without `prefill` and `decode` it generates by reading all again for
    every token.
    """

    init: Callable[[Key], Params]
    """The parameters that training begins with."""
    apply: Callable[..., Float[Array, "B T V"]]
    """(params, tokens: Int[B T], *, key=None, sites=None) -> logits of the next token
    at each position, from what stands up to it; 1 <= T <= block. `key` is that of
    dropout (None: none), `sites` a `Sites`: a model without such places ignores it."""
    loss: Callable[..., Float[Array, ""]]
    """(params, tokens: Int[B T], targets: Int[B T], *, key=None, sites=None) -> the
    mean of `token_losses`. `with_loss` makes it of `apply`."""
    vocabulary: int
    """Tokens that there are, V."""
    block: int
    """Positions that it can read at most, S."""
    prefill: Callable[..., tuple[Float[Array, " V"], Cache]] | None = None
    """Of one sequence: (params, tokens: Int[S], length: Int[]) -> logits after its
    first `length` tokens, and the cache of them; what is behind is not read."""
    decode: Callable[..., tuple[Float[Array, " V"], Cache]] | None = None
    """Of one sequence: (params, cache, token: Int[], place: Int[]) -> logits after
    `token`, which stands at `place` < S, and the cache with it."""


def token_losses(
    logits: Float[Array, "*T V"], targets: Int[Array, "*T"]
) -> Float[Array, "*T"]:
    """Returns the cross-entropy of each target, in nats: logsumexp less its logit.

    Its gradient is softmax less one-hot, elementwise: nothing is scattered.

    Args:
      logits: of every token at each position.
      targets: the token that comes next there, in 0 to V - 1; that is not checked.

    Example:
      >>> token_losses(jnp.log(jnp.array([[0.25, 0.75]])), jnp.array([0])).tolist()
      [1.3862943649291992]
    """
    every = jnp.arange(logits.shape[-1], dtype=targets.dtype).reshape(
        (1,) * targets.ndim + (-1,)
    )
    of_target = jnp.where(every == targets[..., None], logits, 0).sum(axis=-1)
    return jax.nn.logsumexp(logits, axis=-1) - of_target


def with_loss(
    apply: Callable[..., Float[Array, "B T V"]],
) -> Callable[..., Float[Array, ""]]:
    """Makes `Model.loss` of `Model.apply`: the mean of `token_losses`.

    Example:
      >>> uniform = lambda params, tokens: jnp.zeros((*tokens.shape, 4))
      >>> loss = with_loss(uniform)(None, jnp.array([[1, 2]]), jnp.array([[2, 3]]))
      >>> bool(jnp.isclose(loss, jnp.log(4.0)))
      True
    """

    def loss(
        params: Params,
        tokens: Int[Array, "B T"],
        targets: Int[Array, "B T"],
        **call: Any,
    ) -> Float[Array, ""]:
        return jnp.mean(token_losses(apply(params, tokens, **call), targets))

    return loss
