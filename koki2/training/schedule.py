"""The learning rate of a step: a line up, then half a cosine down."""

import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Int


def learning_rate(
    step: Int[Array, ""],
    lr: ArrayLike,
    min_lr: ArrayLike,
    *,
    warmup: int,
    decay: int,
) -> Float[Array, ""]:
    """Returns the rate of a step, as nanoGPT has it.

        t < warmup      lr (t + 1) / (warmup + 1)
        t > decay       min_lr
        else            min_lr + (1 + cos(pi (t - warmup) / (decay - warmup))) / 2
                                 * (lr - min_lr)

    Args:
      step: t, from 0.
      lr: the highest rate.
      min_lr: the rate in the end.
      warmup: steps of the line; 0: none.
      decay: step at which the cosine ends; where it is not above `warmup`, the rate
        falls at once.

    Example:
      >>> rate = lambda t: learning_rate(jnp.int32(t), 1.0, 0.1, warmup=4, decay=8)
      >>> [round(float(rate(t)), 4) for t in (0, 3, 4, 6, 8, 9)]
      [0.2, 0.8, 1.0, 0.55, 0.1, 0.1]

    Source: nanoGPT, train.py.
    """
    t, lr, min_lr = (jnp.asarray(x, jnp.float32) for x in (step, lr, min_lr))
    up = lr * ((t + 1.0) / (warmup + 1.0))
    share = jnp.clip((t - warmup) / max(decay - warmup, 1), 0.0, 1.0)
    down = min_lr + 0.5 * (1.0 + jnp.cos(jnp.pi * share)) * (lr - min_lr)
    return jnp.where(t < warmup, up, jnp.where(t > decay, min_lr, down))
