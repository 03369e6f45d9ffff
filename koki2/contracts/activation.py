"""What every activation promises, as checks for those that others bring, too.

for name, check in CHECKS.items():
    check(ACTIVATIONS.find("my_activation"))  # AssertionError, with a sentence
"""

import functools
from collections.abc import Callable, Mapping

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import DTypeLike
from jaxtyping import Array, Float

from koki2.contracts import requirements
from koki2.contracts.requirements import must
from koki2.models.activation_catalogue import Activation, Own

SHAPE = (2, 3, 6)
"""Two texts of three tokens, and six hidden units."""
Values = tuple[list[Float[Array, "B T F"]], dict[str, Float[Array, "..."]]]


def check_form(activation: Activation) -> None:
    """It has the fields of an `Activation`."""
    must(
        isinstance(activation, Activation),
        f"it must be a koki2.models.Activation, got {type(activation).__name__}",
    )
    requirements.must_be_callable(activation, "apply")
    requirements.must_count("parts", activation.parts)
    for name, own in activation.own.items():
        must(
            isinstance(own, Own) and _are_axes(own.axes),
            f'own[{name!r}] must be an Own of axes "F" or integers >= 1, got {own}',
        )


def check_shape(activation: Activation) -> None:
    """It keeps the shape of its parts, and their dtype."""
    for dtype in ("float32", "bfloat16"):
        hidden = jax.eval_shape(_apply(activation), *_values(activation, dtype))
        requirements.must_be_array("hidden", hidden, SHAPE, jnp.dtype(dtype))


def check_numbers(activation: Activation) -> None:
    """Values and gradients are finite where the parts are at most 30."""
    hidden, back = _compiled(activation)(*_values(activation))
    must(np.isfinite(hidden), "hidden must be finite")
    requirements.must_be_finite(back)


def check_tokens(activation: Activation) -> None:
    """What it gives for a token depends on no other token, bit for bit."""
    parts, own = _values(activation)
    before, _ = _compiled(activation)(parts, own)
    other = [part.at[1, 2].set(-part[1, 2] + 1.0) for part in parts]
    after, _ = _compiled(activation)(other, own)
    apart = before[0], before[1, :2]
    sentence = "hidden of a token must depend on no other token"
    requirements.must_be_same_bits(apart, (after[0], after[1, :2]), sentence)


def check_jit(activation: Activation) -> None:
    """`jit` agrees with eager, within a rounding."""
    parts, own = _values(activation)
    compiled, _ = _compiled(activation)(parts, own)
    requirements.must_be_close(_apply(activation)(parts, own), compiled, "apply")


CHECKS: Mapping[str, Callable[[Activation], None]] = requirements.by_name(
    *(check_form, check_shape, check_numbers, check_tokens, check_jit)
)
"""Every check by name; each raises AssertionError with a sentence."""


def _are_axes(axes: object) -> bool:
    return isinstance(axes, tuple) and all(
        axis == "F" or (isinstance(axis, int) and axis >= 1) for axis in axes
    )


def _apply(activation: Activation) -> Callable[..., Float[Array, "B T F"]]:
    return lambda parts, own: activation.apply(*parts, **own)


def _values(activation: Activation, dtype: DTypeLike = "float32") -> Values:
    """Parts from -30 to 30, and what it has of its own, near where that starts."""
    rng = np.random.default_rng(46)
    draw = lambda: np.linspace(-30.0, 30.0, 36)[rng.permutation(36)].reshape(SHAPE)
    near = lambda own: own.start + 0.1 * rng.standard_normal(own.shape(SHAPE[-1]))
    return (
        [jnp.asarray(draw(), dtype) for _ in range(activation.parts)],
        {name: jnp.asarray(near(own), dtype) for name, own in activation.own.items()},
    )


@functools.lru_cache(maxsize=64)
def _by_function(
    apply: Callable[..., Float[Array, "B T F"]],
) -> Callable[..., tuple[Array, Values]]:
    def run(
        parts: list[Float[Array, "B T F"]], own: dict[str, Float[Array, "..."]]
    ) -> tuple[Array, Values]:
        hidden, back = jax.vjp(lambda parts, own: apply(*parts, **own), parts, own)
        return hidden, back(jnp.ones_like(hidden))

    return requirements.compiled(run)


def _compiled(activation: Activation) -> Callable[..., tuple[Array, Values]]:
    return _by_function(activation.apply)
