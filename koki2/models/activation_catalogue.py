"""The catalogue: every activation of a feed-forward part by name. Imports no JAX.

gelu        x Phi(x)
relu        max(x, 0)
silu        x sigmoid(x)
swiglu      silu(gate) up, where gate and up are two products
universal   gain silu(x) + residual x, both learnt for each hidden unit
kan_spline  a learnt sum of silu, relu, gelu, x and x^2, for each hidden unit
0.7*silu(x) + 0.3*x, and the like: a formula, see `formulas`
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from koki2.core.registry import entry_of, load, Registry
from koki2.models.formulas import is_formula, parse


class Own(NamedTuple):
    """An array of parameters that an activation has of its own, in every layer."""

    axes: tuple[str | int, ...]
    """Its shape: "F" per hidden unit, or numbers; () is one number."""
    start: float
    """What every number of it is at first."""

    def shape(self, width: int) -> tuple[int, ...]:
        """The shape where the feed-forward part is `width` wide.

        Example:
          >>> Own(("F", 2), 1.0).shape(64)
          (64, 2)
        """
        return tuple(width if axis == "F" else int(axis) for axis in self.axes)


class Activation(NamedTuple):
    """What stands between the products of a feed-forward part."""

    apply: Callable[..., Any]
    """(part, ..., own=...) -> what goes into the last product. Each part is a product
    of the input, [..., F]; what it has of its own comes by name."""
    parts: int = 1
    """How many products of the input it combines; a gate makes it two."""
    own: Mapping[str, Own] = MappingProxyType({})
    """Parameters of its own, by name."""

    def own_size(self, width: int) -> int:
        """How many parameters of its own it has, F being `width`.

        Example:
          >>> Activation(abs, own={"gain": Own(("F",), 1.0)}).own_size(64)
          64
        """
        sizes = 0
        for array in self.own.values():
            size = 1
            for axis in array.shape(width):
                size *= axis
            sizes += size
        return sizes


def _composed(name: str) -> Activation | None:
    if not is_formula(name):
        return None
    terms = parse(name).terms
    return Activation(lambda x: load("koki2.models.activations:compose")(terms)(x))


ACTIVATIONS: Registry[Activation] = Registry(
    "activation", "koki2.activations", entry_of(Activation), derive=_composed
)
"""Every activation; installed packages add theirs as entry points koki2.activations.
A name that is a formula need not be registered."""


def register_activation(
    name: str,
    apply: Callable[..., Any],
    *,
    parts: int = 1,
    own: Mapping[str, Own] = MappingProxyType({}),
    replace: bool = False,
) -> None:
    """Registers an activation, so that `GptConfig(ffn_activation=name)` finds it.

    Args:
      name: what configs and command lines call it.
      apply: (part, ..., own=...) -> hidden, in JAX: of each part a product [..., F], by
        name each array of its own.
      parts: how many products it combines.
      own: parameters of its own, by name.
      replace: let it take the place of an activation of that name.

    Raises:
      ValueError: the name is taken, unless `replace`.

    Example:
      >>> def leaky(x, slope):
      ...     return jnp.where(x > 0, x, slope * x)
      >>> register_activation("leaky", leaky, own={"slope": Own((), 0.1)})
      >>> from koki2.models import GptConfig, gpt
      >>> import jax, jax.numpy as jnp
      >>> model = gpt(GptConfig(ffn_activation="leaky", dim=8))
      >>> jax.eval_shape(model.init, jax.random.key(0)).blocks[0].own["slope"].shape
      ()
      >>> ACTIVATIONS.remove("leaky")
    """
    ACTIVATIONS.register(name, Activation(apply, parts, own), replace=replace)


def _ours(name: str) -> Callable[..., Any]:
    return lambda *parts, **own: load(f"koki2.models.activations:{name}")(*parts, **own)


for _name in ("gelu", "relu", "silu"):
    register_activation(_name, _ours(_name))
register_activation("swiglu", _ours("swiglu"), parts=2)
register_activation(
    "universal",
    _ours("universal"),
    own={"gain": Own(("F",), 1.0), "residual": Own(("F",), 0.0)},
)
register_activation(
    "kan_spline",
    _ours("kan_spline"),
    own={
        "c_silu": Own(("F",), 0.5),
        "c_relu": Own(("F",), 0.0),
        "c_gelu": Own(("F",), 0.5),
        "c_x": Own(("F",), 0.0),
        "c_square": Own(("F",), 0.0),
    },
)
