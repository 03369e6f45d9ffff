"""Configs check themselves: ranges stand beside the field, in its type.

A config is a frozen, keyword-only dataclass whose `__post_init__` calls `check`.
Ranges are `annotated_types` (`Ge`, `Gt`, `Le`, `Lt`), so that the same line serves
Python callers, config files and command-line flags. `ReadWhen` and `Named` say beside
a field when it is read at all, and `unread` which fields of a config are not. `plain`
gives what a run folder keeps. Imports neither JAX nor NumPy.
"""

import dataclasses
import math
import struct
import typing
from collections.abc import Iterator
from typing import Any

import annotated_types as at

from koki2.core.registry import Registry

_TESTS = {
    at.Ge: (lambda value, c: value >= c.ge, lambda c: f">= {c.ge}"),
    at.Gt: (lambda value, c: value > c.gt, lambda c: f"> {c.gt}"),
    at.Le: (lambda value, c: value <= c.le, lambda c: f"<= {c.le}"),
    at.Lt: (lambda value, c: value < c.lt, lambda c: f"< {c.lt}"),
}
AS_MARKED = ("*",)
"""The `reads` of an entry that reads what its config's `ReadWhen` say, and no more."""
_SMALLEST = 2.0**-126  # XLA takes what lies between it and zero for zero


@dataclasses.dataclass(frozen=True)
class Traced:
    """Marks a field whose number is data of a compiled program; see `core.numbers`.

    Its value must fix no shape and switch no feature on or off, and code that reads it
    must not branch on it.

    Example:
      >>> Rate = typing.Annotated[float, at.Ge(0), Traced()]
    """


@dataclasses.dataclass(frozen=True)
class ReadWhen:
    """Marks a field that is read only where another field has one of some values.

    Example:
      >>> Steps = typing.Annotated[int, ReadWhen("mvt", is_one_of=(True,))]
    """

    field: str
    """The other field, of the same config."""
    is_one_of: tuple[Any, ...] = ()
    """Its values with which this one is read; none given: all but `is_none_of`."""
    is_none_of: tuple[Any, ...] = ()
    """Its values with which this one is not read."""
    otherwise: "ReadWhen | None" = None
    """Another condition that is enough."""

    def holds(self, config: object) -> bool:
        """Whether the field is read."""
        value = getattr(config, self.field)
        is_named = value in self.is_one_of or not self.is_one_of
        if is_named and value not in self.is_none_of:
            return True
        return self.otherwise is not None and self.otherwise.holds(config)

    def why_not(self, config: object) -> str:
        """Why the field is not read."""
        why = f"{self.field} is {getattr(config, self.field)}"
        return f"{why} and {self.otherwise.why_not(config)}" if self.otherwise else why


@dataclasses.dataclass(frozen=True, eq=False)
class Named:
    """Marks a field that names an entry of a registry, which says what it reads.

    The entry's `reads` are the fields of the same config that it reads, or `AS_MARKED`;
    None: it may read all, whatever is marked. The field itself is always read.

    Example:
      >>> from koki2.core.registry import Registry
      >>> Strategy = typing.Annotated[str, Named(Registry("strategy", "none"))]
    """

    registry: Registry[Any]


@dataclasses.dataclass(frozen=True)
class Later:
    """Marks a field that came later, and whose default is how things were before.

    `plain` leaves it out while it has its default, so that runs of a config are known
    by one digest before and after; that default must never change.

    Example:
      >>> Ticks = typing.Annotated[int, at.Ge(1), Later()]
    """


def as_float32(value: float | int) -> float:
    """The float32 that a number becomes: infinity beyond its range, zero below it.

    Example:
      >>> as_float32(0.5), as_float32(1e-320), as_float32(1e300)
      (0.5, 0.0, inf)
    """
    try:
        rounded = struct.unpack("f", struct.pack("f", value))[0]
    except OverflowError:
        return math.inf if value > 0 else -math.inf
    return rounded if abs(rounded) >= _SMALLEST or math.isnan(rounded) else 0.0


def check(config) -> None:
    """Raises ValueError naming every field of `config` that is out of its range.

    A float counts as the float32 that it becomes.

    Args:
      config: a dataclass instance; only numbers among its values are looked at
        (`"auto"` and None pass).

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
        number = as_float32(value)
        is_held = math.isfinite(number) and (number != 0 or value == 0)
        if is_held and all(test[0](value, m) for test, m in tests):
            continue
        limits = " and ".join(test[1](m) for test, m in tests)
        name = f"{type(config).__name__}.{field.name}"
        problems.append(f"{name} must be a finite number {limits}".rstrip())
        if value == value and abs(value) != math.inf and not is_held:
            problems[-1] += " that float32 can hold"
        problems[-1] += f", got {value}."
    if problems:
        raise ValueError("\n".join(problems))


def unread(config: object) -> dict[str, str]:
    """Finds the fields of a config that nothing reads, as it is, and why.

    Args:
      config: a dataclass instance whose fields are marked by `ReadWhen` and `Named`.

    Returns:
      By field, the reason: another field and its value.

    Raises:
      ValueError: a name that its registry has not.

    Example:
      >>> @dataclasses.dataclass(frozen=True, kw_only=True)
      ... class Test:
      ...     is_on: bool = False
      ...     steps: typing.Annotated[int, ReadWhen("is_on", is_one_of=(True,))] = 64
      >>> unread(Test()), unread(Test(is_on=True))
      ({'steps': 'is_on is False'}, {})
    """
    names = {*vars(config)}
    marks = list(_marks(type(config)))
    found = {
        field: mark.why_not(config)
        for field, mark in marks
        if isinstance(mark, ReadWhen) and not mark.holds(config)
    }
    for field, mark in marks:
        if isinstance(mark, Named):
            name = getattr(config, field)
            reads = getattr(mark.registry.find(name), "reads", None)
            if reads is None:
                return {}
            if reads != AS_MARKED:
                left = sorted(names - {field, *reads})
                found = dict.fromkeys(left, f"{field} is {name}")
    return found


def plain(config: Any) -> dict[str, Any]:
    """A config in plain values, but for what came `Later` and has its default.

    Args:
      config: a dataclass instance; its fields may be such, too. One of them of which
        nothing is left is left out.

    Example:
      >>> @dataclasses.dataclass(frozen=True, kw_only=True)
      ... class Brain:
      ...     neurons: int = 32
      ...     ticks: typing.Annotated[int, Later()] = 1
      >>> plain(Brain()), plain(Brain(ticks=4))
      ({'neurons': 32}, {'neurons': 32, 'ticks': 4})
    """
    values = dataclasses.asdict(config)
    _leave_out(config, values)
    return values


def _leave_out(config: Any, values: dict[str, Any]) -> None:
    later = {name for name, mark in _marks(type(config)) if isinstance(mark, Later)}
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if dataclasses.is_dataclass(value):
            inner = values[field.name]
            had_fields = bool(inner)
            _leave_out(value, inner)
            if had_fields and not inner:
                del values[field.name]
        elif field.name in later and value == field.default:
            del values[field.name]


def _marks(kind: type) -> Iterator[tuple[str, Any]]:
    """The marks of the fields of a dataclass, also those within a union."""
    for name, hint in typing.get_type_hints(kind, include_extras=True).items():
        for part in (hint, *typing.get_args(hint)):
            for mark in getattr(part, "__metadata__", ()):
                yield name, mark
