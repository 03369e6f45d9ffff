"""What a config accepts, asked before it is built, so that every problem shows at once.

Values are judged by pydantic, strictly, against the annotations of the dataclass: no
unknown key, no `100.5` or `true` for an integer, no NaN, nothing out of range. What was
wanted is then said in our own words.
"""

import dataclasses
import difflib
import functools
import math
import pathlib
import types
import typing
from collections.abc import Mapping
from typing import Any, NamedTuple

import annotated_types as at

_STRICT = {
    "extra": "forbid",
    "strict": True,
    "allow_inf_nan": False,
    "arbitrary_types_allowed": True,
}
_INT32, _FLOAT32 = 2**31 - 1, 3.4028234663852886e38
_NAMES = {
    int: "an integer",
    float: "a finite number",
    bool: "true or false",
    str: "text",
    pathlib.Path: "a path",
    types.NoneType: "none",
}
_SIGNS = {at.Ge: "ge", at.Gt: "gt", at.Le: "le", at.Lt: "lt"}
_WORDS = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}


class Problem(NamedTuple):
    """Something that will not do."""

    path: tuple[str, ...]
    """Where: ("env", "num_sources")."""
    text: str
    """What is wrong with it, to be read after the path."""


def problems(kind: type, values: Mapping[str, Any]) -> list[Problem]:
    """All that is wrong with `values` for dataclass `kind`, field by field.

    Rules that tie several fields are not looked at: they are the dataclass' own, in its
    `__post_init__`.

    Args:
      kind: a dataclass; those among its fields are groups.
      values: by field, and by group and field; what is missing has its default.

    Example:
      >>> from koki2.envs.configs import ChemotaxisConfig
      >>> from koki2.evolution.configs import shaped
      >>> kind = shaped(ChemotaxisConfig)
      >>> values = {"env": {"width": 1, "hight": 2}, "loop": {"generations": True}}
      >>> for path, text in problems(kind, values):
      ...     print(".".join(path), text)
      env.width wants an integer >= 2 and <= 32768, got 1
      env.hight is unknown; did you mean env.height?
      loop.generations wants an integer >= 1 and <= 10000000, got True
    """
    import pydantic

    found: dict[tuple[str, ...], str] = {}
    try:
        _model(kind).model_validate(_tuples(values))
    except pydantic.ValidationError as error:
        for fault in error.errors(include_url=False, include_context=False):
            path = _path(kind, fault["loc"])
            found.setdefault(path, _text(kind, path, values))
    for path, value in _leaves(values):
        if path not in found and not _fits(value):
            found[path] = f"wants a number that fits in 32 bits, got {show(value)}"
    return [Problem(path, text) for path, text in found.items()]


def as_declared(kind: type, values: Mapping[str, Any]) -> dict[str, Any]:
    """Faultless values, with an integer given for a number made a float, and a list
    given for a tuple made one.

    Example:
      >>> from koki2.search.configs import SearchConfig
      >>> as_declared(SearchConfig, {"sigma": 1})
      {'sigma': 1.0}
    """
    checked = _model(kind).model_validate(_tuples(values))
    return checked.model_dump(by_alias=True, exclude_unset=True)


def wants(hint: Any) -> str:
    """What an annotation accepts, in words.

    Example:
      >>> wants(typing.Annotated[float, at.Ge(0), at.Le(1)] | None)
      'a finite number >= 0 and <= 1 or none'
    """
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        ranges = [
            f"{_WORDS[name]} {getattr(mark, name)}"
            for mark in arguments[1:]
            if (name := _SIGNS.get(type(mark))) is not None
        ]
        least = [f"at least {m.min_length} " for m in arguments[1:] if _is_length(m)]
        base = "".join([*least, wants(arguments[0])])
        return " ".join([base, " and ".join(ranges)]).rstrip()
    if origin in (typing.Union, types.UnionType):
        return " or ".join(wants(kind) for kind in arguments)
    if origin is typing.Literal:
        return (
            f"one of {', '.join(map(str, arguments))}"
            if arguments[1:]
            else (f"{arguments[0]}")
        )
    if origin is tuple:
        return f"values, each {wants(arguments[0])}"
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
def _model(kind: type) -> Any:
    """The pydantic model of a dataclass' fields. Imports pydantic, which is slow to."""
    import pydantic

    fields: dict[str, Any] = {}
    for name, hint in hints(kind).items():
        hint = _model(hint) if dataclasses.is_dataclass(hint) else hint
        # the alias, so that no field's name is one that pydantic has taken
        fields[f"{name}_"] = (hint, pydantic.Field(default=None, alias=name))
    return pydantic.create_model(kind.__name__, __config__=_STRICT, **fields)


@functools.cache
def hints(kind: type) -> dict[str, Any]:
    """The annotations of a dataclass' fields, by name, ranges included."""
    found = typing.get_type_hints(kind, include_extras=True)
    return {field.name: found[field.name] for field in dataclasses.fields(kind)}


def _path(kind: type, location: tuple[Any, ...]) -> tuple[str, ...]:
    """The part of a pydantic location that names our fields, without union branches."""
    path: list[str] = []
    for part in location:
        if kind is None:
            break
        path.append(str(part))
        inner = hints(kind).get(str(part))
        kind = inner if dataclasses.is_dataclass(inner) else None
    return tuple(path)


def _text(kind: type, path: tuple[str, ...], values: Mapping[str, Any]) -> str:
    value: Any = values
    hint: Any = kind
    for part in path:
        value = value[part] if isinstance(value, Mapping) else value
        hint = hints(hint).get(part)
    if hint is None:
        return f"is unknown{_hint(kind, path)}"
    return f"wants {wants(hint)}, got {show(value)}"


def _hint(kind: type, path: tuple[str, ...]) -> str:
    """The nearest names: in the same group first, then anywhere."""
    known = {".".join(p) for p in names(kind)}
    group, word = ".".join(path[:-1]), path[-1].lower().replace("-", "_")
    here = [n for n in known if n.rpartition(".")[0] == group]
    groups = [f.name for f in dataclasses.fields(kind)] if not group else []
    for some in (here + groups, sorted(known)):
        by_word = {n.rpartition(".")[2]: n for n in some}
        near = difflib.get_close_matches(word, by_word, n=2, cutoff=0.6)
        if near:
            return f"; did you mean {' or '.join(by_word[n] for n in near)}?"
    return ""


def names(kind: type, prefix: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The paths of all fields that are no groups."""
    found = []
    for name, hint in hints(kind).items():
        path = (*prefix, name)
        found += names(hint, path) if dataclasses.is_dataclass(hint) else [path]
    return found


def _leaves(values: Mapping[str, Any], prefix: tuple[str, ...] = ()):
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, (*prefix, str(name)))
        else:
            yield (*prefix, str(name)), value


def _tuples(value: Any) -> Any:
    """Lists, as files write them, as the tuples that they stand for."""
    if isinstance(value, Mapping):
        return {name: _tuples(inner) for name, inner in value.items()}
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _fits(value: Any) -> bool:
    """Whether JAX can hold a number: 32 bits, NaN being pydantic's business."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return True
    if isinstance(value, int):
        return -_INT32 <= value <= _INT32
    return not math.isfinite(value) or abs(value) <= _FLOAT32


def _is_length(mark: Any) -> bool:
    return isinstance(mark, at.MinLen | at.Len)
