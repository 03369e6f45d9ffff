"""What a config accepts, asked before it is built, so that every problem shows at once.

Values are judged by pydantic, strictly, against the annotations of the dataclass: no
unknown key, no `100.5` or `true` for an integer, no NaN, nothing out of range. What is
accepted is then said in our own words.
"""

import dataclasses
import difflib
import functools
import math
import pathlib
import types
import typing
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import annotated_types as at

from koki2.core.configs import as_float32
from koki2.session.printing import printable

_STRICT: Any = {
    "extra": "forbid",
    "strict": True,
    "allow_inf_nan": False,
    "arbitrary_types_allowed": True,
}
_INT32 = 2**31 - 1
_NAMES = {
    int: "an integer",
    float: "a finite number",
    bool: "true or false",
    str: "text",
    pathlib.Path: "a path",
    types.NoneType: "none",
}
SIGNS = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}  # of Ge, Gt, Le, Lt

Shape = type | tuple[tuple[str, type], ...]
"""A dataclass, or the dataclass of each of its groups, by name."""


class Problem(NamedTuple):
    """A value that is not accepted."""

    path: tuple[str, ...]
    """Where: ("env", "num_sources")."""
    text: str
    """What is wrong with it, to be read after the path."""

    @property
    def name(self) -> str:
        """The path with dots, safe to print."""
        return printable(".".join(self.path))


def problems(kind: Shape, values: Mapping[str, Any]) -> list[Problem]:
    """Lists all that is wrong with `values` for a dataclass, field by field.

    Rules that tie several fields are not looked at: they are the dataclass' own, in its
    `__post_init__`.

    Args:
      kind: a dataclass, or its groups; dataclasses among its fields are groups.
      values: by field, and by group and field; what is missing has its default.

    Example:
      >>> from koki2.envs.configs import ChemotaxisConfig
      >>> from koki2.evolution.configs import LoopConfig
      >>> kind = (("env", ChemotaxisConfig), ("loop", LoopConfig))
      >>> values = {"env": {"width": 1, "hight": 2}, "loop": {"generations": True}}
      >>> for path, text in problems(kind, values):
      ...     print(".".join(path), text)
      env.width must be an integer >= 2 and <= 32768, got 1
      env.hight is unknown; did you mean env.height?
      loop.generations must be an integer >= 1 and <= 10000000, got True
    """
    import pydantic

    found: dict[tuple[str, ...], str] = {}
    try:
        _model(kind).model_validate(_tuples(values))
    except pydantic.ValidationError as error:
        for fault in error.errors(include_url=False, include_context=False):
            path = _path(kind, fault["loc"])
            found.setdefault(path, _text(kind, path, values))
    for path, value in leaves(values):
        if path not in found and not _fits(value):
            found[path] = f"must be a number that fits in 32 bits, got {show(value)}"
    return [Problem(path, text) for path, text in found.items()]


def as_declared(kind: Shape, values: Mapping[str, Any]) -> dict[str, Any]:
    """Faultless values, with an integer given for a number made a float, and a list
    given for a tuple made one.

    Example:
      >>> from koki2.search.configs import SearchConfig
      >>> as_declared(SearchConfig, {"sigma": 1})
      {'sigma': 1.0}
    """
    checked = _model(kind).model_validate(_tuples(values))
    return checked.model_dump(by_alias=True, exclude_unset=True)


def construct(
    config: type, shape: Shape, values: Mapping[str, Any]
) -> tuple[Any, list[str]]:
    """Builds a config of groups, if the rules that tie several fields are kept.

    Args:
      config: the dataclass.
      shape: the dataclass of each group.
      values: by group and field; what is missing has its default.

    Returns:
      The config, or None and what is not kept.
    """
    groups, lines = {}, []
    for name, kind in hints(shape).items():
        try:
            groups[name] = kind(**as_declared(kind, values.get(name, {})))
        except ValueError as error:
            lines.append(f"{name}: {error}")
    if lines:
        return None, lines
    try:
        return config(**groups), []
    except ValueError as error:
        return None, [str(error)]


def accepted(hint: Any) -> str:
    """What an annotation accepts, in words.

    Example:
      >>> accepted(typing.Annotated[float, at.Ge(0), at.Le(1)] | None)
      'a finite number >= 0 and <= 1 or none'
    """
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        ranges = [
            f"{sign} {getattr(mark, name)}"
            for mark in arguments[1:]
            for name, sign in SIGNS.items()
            if hasattr(mark, name)
        ]
        least = [f"at least {m.min_length} " for m in arguments[1:] if _is_length(m)]
        base = "".join([*least, accepted(arguments[0])])
        return " ".join([base, " and ".join(ranges)]).rstrip()
    if origin in (typing.Union, types.UnionType):
        return " or ".join(accepted(kind) for kind in arguments)
    if origin is typing.Literal:
        one_of = "one of " if arguments[1:] else ""
        return one_of + ", ".join(map(str, arguments))
    if origin is tuple:
        return f"values, each {accepted(arguments[0])}"
    if dataclasses.is_dataclass(hint):
        return "a table of settings"
    return _NAMES.get(hint, getattr(hint, "__name__", str(hint)))


def show(value: Any) -> str:
    """A value as an error tells it: its repr if there is one, cut where it is long."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # Python writes out no number of 5000 digits
        return f"a {type(value).__name__} too long to show"
    return text if len(text) <= 60 else text[:57] + "..."


@functools.cache
def _model(kind: Shape) -> Any:
    """The pydantic model of a dataclass' fields. Imports pydantic, which is slow to."""
    import pydantic

    fields: dict[str, Any] = {}
    for name, hint in hints(kind).items():
        hint = _model(hint) if dataclasses.is_dataclass(hint) else hint
        # the alias, so that no field's name is one that pydantic has taken
        fields[f"{name}_"] = (hint, pydantic.Field(default=None, alias=name))
    name = getattr(kind, "__name__", "Settings")
    return pydantic.create_model(name, __config__=_STRICT, **fields)


@functools.cache
def hints(kind: Shape) -> dict[str, Any]:
    """The annotations of a dataclass' fields, by name, ranges included."""
    if isinstance(kind, tuple):
        return dict(kind)
    found = typing.get_type_hints(kind, include_extras=True)
    return {field.name: found[field.name] for field in dataclasses.fields(kind)}


def _path(kind: Any, location: tuple[Any, ...]) -> tuple[str, ...]:
    """The part of a pydantic location that names our fields, without union branches."""
    path: list[str] = []
    for part in location:
        if kind is None:
            break
        path.append(str(part))
        inner = hints(kind).get(str(part))
        kind = inner if dataclasses.is_dataclass(inner) else None
    return tuple(path)


def _text(kind: Shape, path: tuple[str, ...], values: Mapping[str, Any]) -> str:
    value: Any = values
    hint: Any = kind
    for part in path:
        value = value[part] if isinstance(value, Mapping) else value
        hint = hints(hint).get(part)
    if hint is None:
        return f"is unknown{_hint(kind, path)}"
    return f"must be {accepted(hint)}, got {show(value)}"


def _hint(kind: Shape, path: tuple[str, ...]) -> str:
    """The nearest names: in the same group first, then anywhere."""
    known = {".".join(p) for p in names(kind)}
    group, word = ".".join(path[:-1]), path[-1].lower().replace("-", "_")
    here = [n for n in known if n.rpartition(".")[0] == group]
    groups = list(hints(kind)) if not group else []
    for some in (here + groups, sorted(known)):
        by_word = {n.rpartition(".")[2]: n for n in some}
        near = difflib.get_close_matches(word, by_word, n=2, cutoff=0.6)
        if near:
            return f"; did you mean {' or '.join(by_word[n] for n in near)}?"
    return ""


def names(kind: Shape, prefix: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The paths of all fields that are no groups."""
    found = []
    for name, hint in hints(kind).items():
        path = (*prefix, name)
        found += names(hint, path) if dataclasses.is_dataclass(hint) else [path]
    return found


def leaves(
    values: Mapping[str, Any], prefix: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yields the path and value of all that are no tables."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from leaves(value, (*prefix, name))
        else:
            yield (*prefix, name), value


def _tuples(value: Any) -> Any:
    """Lists, as files write them, as the tuples that they stand for."""
    if isinstance(value, Mapping):
        return {name: _tuples(inner) for name, inner in value.items()}
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _fits(value: Any) -> bool:
    """Whether JAX can hold a number, or each of a list: 32 bits, and no zero where it
    is none. NaN is pydantic's business."""
    if isinstance(value, list | tuple):
        return all(map(_fits, value))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return True
    if isinstance(value, int):
        return -_INT32 <= value <= _INT32
    number = as_float32(value)
    return not math.isfinite(value) or (
        math.isfinite(number) and (number != 0 or value == 0)
    )


def _is_length(mark: Any) -> bool:
    return isinstance(mark, at.MinLen | at.Len)
