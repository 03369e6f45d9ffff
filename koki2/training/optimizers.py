"""Optimisers over a flat vector: what direction a gradient gives, from optax.

    w <- w - rate (direction + weight_decay w)       the second term on matrices alone

The rate and the decay are not the optimiser's: they come from the step, as data.
"""

import contextlib
from collections.abc import Callable, Generator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from koki2.training.configs import OptimizerConfig
from koki2.training.flat import Flat

Vector = Float[Array, " D"]


class Optimizer(NamedTuple):
    """An optimiser as pure functions. Built by `optimizer`."""

    init: Callable[[Vector], Any]
    """Parameters -> its state."""
    update: Callable[[Vector, Any, Vector, ArrayLike, ArrayLike], tuple[Vector, Any]]
    """(gradient, state, parameters, rate, weight decay) -> (parameters, state)."""


def optimizer(config: OptimizerConfig, flat: Flat) -> Optimizer:
    """Builds the optimiser that a config names.

    Args:
      config: which, and its settings.
      flat: how parameters lie in the vector.

    Example:
      >>> from koki2.training.flat import flat
      >>> params = {"w": jnp.ones((1, 2)), "b": jnp.ones(1)}
      >>> one = flat(params)
      >>> sgd = optimizer(OptimizerConfig(optimizer="sgd", beta1=0.0), one)
      >>> w = one.ravel(params)
      >>> after, _ = sgd.update(jnp.zeros(3), sgd.init(w), w, 0.1, 0.5)
      >>> after.tolist()
      [0.949999988079071, 0.949999988079071, 1.0]
    """
    inner = _BUILDERS[config.optimizer](config)
    view: Callable[[Vector], Any] = lambda vector: vector
    back: Callable[[Any], Vector] = view
    if config.optimizer == "adafactor":  # whose memory is of rows and columns
        view, back = flat.unravel, flat.ravel

    def update(
        gradient: Vector, state: Any, w: Vector, rate: ArrayLike, decay: ArrayLike
    ) -> tuple[Vector, Any]:
        with _promoting():
            direction, state = inner.update(view(gradient), state, view(w))
        is_matrix = jnp.arange(flat.size, dtype=jnp.int32) < flat.matrices
        decayed = jnp.where(is_matrix, decay * w, 0.0)
        return w - rate * (back(direction) + decayed), state

    return Optimizer(lambda w: inner.init(view(w)), update)


@contextlib.contextmanager
def _promoting() -> Generator[None]:
    """Lets optax promote types and ranks as it is used to."""
    types = jax.numpy_dtype_promotion("standard")
    with types, jax.numpy_rank_promotion("allow"):
        yield


def _adamw(config: OptimizerConfig) -> optax.GradientTransformation:
    return optax.scale_by_adam(config.beta1, config.beta2)


def _lion(config: OptimizerConfig) -> optax.GradientTransformation:
    return optax.scale_by_lion(config.beta1, config.beta2)


def _sgd(config: OptimizerConfig) -> optax.GradientTransformation:
    return optax.trace(config.beta1)


def _adafactor(config: OptimizerConfig) -> optax.GradientTransformation:
    return optax.chain(
        optax.scale_by_factored_rms(),
        optax.clip_by_block_rms(1.0),
        optax.scale_by_param_block_rms(),
    )


_BUILDERS = {
    "adamw": _adamw,
    "lion": _lion,
    "adafactor": _adafactor,
    "sgd": _sgd,
}
