"""Numbers of a config that a compiled program takes as data, not as constants.

Such a field is marked by `Traced` in its type. Configs that differ only in its values
share one compiled program. A config in which a word may stand for a number has a method
`resolved`: itself with every such word replaced.
"""

import copy
import dataclasses
import functools
import typing
from typing import Any

from koki2.core.configs import Traced

Numbers = dict[str, Any]
"""Values of the marked fields, by name: scalars of NumPy, or traced ones."""


def numbers(config: Any) -> Numbers:
    """The values of the marked fields: float32 for floats, int32 for whole numbers.

    Args:
      config: a dataclass instance. A marked field whose value is no number is left out.

    Example:
      >>> @dataclasses.dataclass(frozen=True, kw_only=True)
      ... class Meal:
      ...     courses: int = 3
      ...     gain: typing.Annotated[float, Traced()] = 0.5
      >>> import numpy as np
      >>> numbers(Meal())
      {'gain': np.float32(0.5)}
      >>> with_numbers(Meal(), {"gain": np.float32(2.0)}).gain
      np.float32(2.0)
      >>> shape(Meal(gain=2.0)) == shape(Meal()) == {"courses": 3, "gain": "traced"}
      True
    """
    import numpy as np  # slow, and `shape` needs it not

    config = _resolved(config)
    return {
        name: (np.int32 if is_whole else np.float32)(getattr(config, name))
        for name, is_whole in _traced(config).items()
    }


def with_numbers(config: Any, values: Numbers) -> Any:
    """The same config with these values, which may be traced and are not checked."""
    other = copy.copy(_resolved(config))
    for name, value in values.items():
        object.__setattr__(other, name, value)
    return other


def shape(config: Any) -> dict[str, Any]:
    """All of a config that decides the compiled program, as plain values.

    Args:
      config: a dataclass instance; its fields may be such, too.
    """
    config, plain = _resolved(config), {}
    traced = _traced(config)
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if dataclasses.is_dataclass(value):
            plain[field.name] = shape(value)
        else:
            plain[field.name] = "traced" if field.name in traced else value
    return plain


def _resolved(config: Any) -> Any:
    resolve = getattr(config, "resolved", None)
    return config if resolve is None else resolve()


def _traced(config: Any) -> dict[str, bool]:
    """The marked fields whose value is a number, and whether that is a whole one."""
    return {
        name: is_whole
        for name, is_whole in _marked(type(config))
        if isinstance(getattr(config, name), int | float)
    }


@functools.cache
def _marked(config: type) -> tuple[tuple[str, bool], ...]:
    """The marked fields of a class, and whether each holds whole numbers."""
    found = []
    for name, hint in typing.get_type_hints(config, include_extras=True).items():
        for part in (hint, *typing.get_args(hint)):  # of a union: what it may be
            if any(isinstance(m, Traced) for m in getattr(part, "__metadata__", ())):
                found.append((name, typing.get_args(part)[0] is int))
                break
    return tuple(found)
