"""Complexity: what a model's loss is weighed against."""

from typing import get_args, Literal

import jax.numpy as jnp
from jaxtyping import Array, Float

ComplexityMode = Literal["params", "entropy", "mdl"]


def free_energy(
    loss: Float[Array, ""], entropy: Float[Array, ""], beta: float = 0.01
) -> Float[Array, ""]:
    """Free energy F = loss + beta * entropy: loss in nats, entropy in bits.

    Args:
      loss: of training.
      entropy: of the weights, as `weight_entropy`.
      beta: what a bit costs.

    Example:
      >>> free_energy(jnp.float32(2.0), jnp.float32(5.0), beta=0.1).item()
      2.5

    Source: seed 003 8.5. The sign is that of a penalty, as there; in physics an entropy
    lowers F.
    """
    return loss + beta * entropy


def complexity(
    mode: str,
    *,
    parameters: int,
    entropy: Float[Array, ""],
    rank: Float[Array, ""],
) -> Float[Array, ""]:
    """The complexity score of a model, by one of three rules.

        params   1 / (1 + N / 1000)
        entropy  H / max(1, log2 N)
        mdl      r log2(max(2, N)) / N

    Args:
      mode: which rule.
      parameters: how many there are, N.
      entropy: of the weights in bits, H.
      rank: mean over matrices, r, as `mean_ranks` counts it.

    Raises:
      ValueError: a rule of another name, or no parameters.

    Example:
      >>> of_model = dict(entropy=jnp.float32(5.0), rank=jnp.float32(64.0))
      >>> [round(complexity(mode, parameters=1024, **of_model).item(), 4)
      ...     for mode in ("params", "entropy", "mdl")]
      [0.4941, 0.5, 0.625]

    Source: seed 003 8.9, to the letter. Its "params" is larger for smaller models: it
    is a simplicity. `fitness` takes off `penalty`, which grows with the model.
    """
    if mode not in get_args(ComplexityMode):
        raise ValueError(
            f"mode must be one of {', '.join(get_args(ComplexityMode))}, got {mode!r}."
        )
    if parameters < 1:
        raise ValueError(f"parameters must be at least 1, got {parameters}.")
    count = jnp.asarray(parameters, jnp.float32)
    if mode == "params":
        return 1 / (1 + count / 1000)
    if mode == "entropy":
        return entropy / jnp.maximum(1.0, jnp.log2(count))
    return rank * jnp.log2(jnp.maximum(2.0, count)) / count


def penalty(mode: str, score: Float[Array, ""]) -> Float[Array, ""]:
    """What `fitness` takes off for a complexity score: 1 less it where it is "params".

    Example:
      >>> penalty("params", jnp.float32(0.25)).item()
      0.75
    """
    return 1 - score if mode == "params" else score
