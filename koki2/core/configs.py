"""Configs check themselves: ranges stand beside the field, in its type.

A config is a frozen, keyword-only dataclass whose `__post_init__` calls `check`.
Ranges are `annotated_types` (`Ge`, `Gt`, `Le`, `Lt`), so that the same line serves
Python callers, config files and command-line flags. Imports neither JAX nor NumPy.
"""

import dataclasses
import math
import typing

import annotated_types as at

_TESTS = {
    at.Ge: (lambda value, c: value >= c.ge, lambda c: f">= {c.ge}"),
    at.Gt: (lambda value, c: value > c.gt, lambda c: f"> {c.gt}"),
    at.Le: (lambda value, c: value <= c.le, lambda c: f"<= {c.le}"),
    at.Lt: (lambda value, c: value < c.lt, lambda c: f"< {c.lt}"),
}


@dataclasses.dataclass(frozen=True)
class Traced:
    """Marks a field whose number is data of a compiled program; see `core.numbers`.

    Its value must fix no shape and switch no feature on or off, and code that reads it
    must not branch on it.

    Example:
      >>> Rate = typing.Annotated[float, at.Ge(0), Traced()]
    """


def check(config) -> None:
    """Raises ValueError naming every field of `config` that is out of its range.

    Args:
      config: a dataclass instance; only fields annotated with a range are looked at,
        and only numbers among their values (`"auto"` and None pass).

    Raises:
      ValueError: what each field must be, and what came.

    Example:
      >>> @dataclasses.dataclass(frozen=True, kw_only=True)
      ... class Rate:
      ...     lr: typing.Annotated[float, at.Gt(0)] = 0.1
      ...     __post_init__ = check
      >>> Rate(lr=-1.0)
      Traceback (most recent call last):
      ...
      ValueError: Rate.lr must be a finite number > 0, got -1.0.
    """
    hints = typing.get_type_hints(type(config), include_extras=True)
    problems = []
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            continue
        tests = [
            (_TESTS[type(mark)], mark)
            for mark in getattr(hints[field.name], "__metadata__", ())
            if type(mark) in _TESTS
        ]
        if math.isfinite(value) and all(test[0](value, m) for test, m in tests):
            continue
        limits = " and ".join(test[1](m) for test, m in tests)
        name = f"{type(config).__name__}.{field.name}"
        problems.append(f"{name} must be a finite number {limits}".rstrip())
        problems[-1] += f", got {value}."
    if problems:
        raise ValueError("\n".join(problems))
