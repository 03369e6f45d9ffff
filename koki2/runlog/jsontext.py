"""The one JSON dialect of every file of a run: strict, and exact both ways.

Values are plain: None, bool, int, float, str, list (or tuple) and dict with str keys.
Floats keep every bit. JSON has no word for the three that are not finite, so these
are written as the strings "NaN", "Infinity" and "-Infinity" (proto3's spelling, which
Python's `float`, JavaScript's `Number` and SQL's CAST all read) and come back as
floats; a text spelt like one is written with "=" before it, and comes back as text.
"""

import hashlib
import json
import math
import re
from typing import Any

from koki2.runlog.errors import BrokenRunError, InputError

_NOT_FINITE = {word: float(word) for word in ("NaN", "Infinity", "-Infinity")}
_LOOKS_SO = re.compile(r"=*(NaN|-?Infinity)")
MAX_DEPTH = 100  # of what is read; nothing that koki2 writes is a tenth as deep


def encode(
    value: object, *, where: str, indent: int | None = None, sort_keys: bool = False
) -> bytes:
    """The JSON text of a plain value, in ASCII, without a newline at its end.

    Args:
      value: what to write.
      where: what it is, for errors: "row 3", "meta".
      indent: spaces per level; None puts everything on one line, without blanks.
      sort_keys: write keys in alphabetical order rather than in the order given.

    Raises:
      InputError: something in `value` is not plain, as a NumPy or JAX number is not;
        convert with `.item()` or `.tolist()`.

    Example:
      >>> encode({"best": 0.1, "worst": float("-inf")}, where="row")
      b'{"best":0.1,"worst":"-Infinity"}'
    """
    text = json.dumps(
        _plain(value, where),
        indent=indent,
        separators=(",", ":") if indent is None else None,
        sort_keys=sort_keys,
        allow_nan=False,
    )
    return text.encode("ascii")


def decode(data: bytes, *, where: str) -> Any:
    """The value of a JSON text; the inverse of `encode`.

    Args:
      data: the text.
      where: where it came from, for errors: a path, or a path and a line.

    Raises:
      BrokenRunError: not JSON, a bare NaN, one key twice in an object, or nested more
        than `MAX_DEPTH` deep.

    Example:
      >>> decode(b'{"best":0.1,"worst":"-Infinity"}', where="row")
      {'best': 0.1, 'worst': -inf}
    """
    try:
        value = json.loads(
            data.decode(), object_pairs_hook=_object, parse_constant=_bare
        )
        return _revived(value)
    except (ValueError, RecursionError) as error:
        raise BrokenRunError(
            f"{where} should be JSON as koki2 writes it, but is not: {error}."
        ) from error


def digest(value: object) -> str:
    """SHA-256 of a plain value, whatever the order of its keys; 64 hex digits.

    Example:
      >>> digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
      True
    """
    text = encode(value, where="a value to digest", sort_keys=True)
    return hashlib.sha256(text).hexdigest()


def _plain(value: object, where: str) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        text = str.__str__(value)
        return "=" + text if _LOOKS_SO.fullmatch(text) else text
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        if math.isnan(value):
            return "NaN"
        if math.isinf(value):
            return "Infinity" if value > 0 else "-Infinity"
        return float(value)
    if isinstance(value, list | tuple):
        return [_plain(item, f"{where}[{i}]") for i, item in enumerate(value)]
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str):
                raise InputError(
                    f"{where} must have text for keys, as JSON has no other, got "
                    f"{key!r}."
                )
        return {key: _plain(item, f"{where}.{key}") for key, item in value.items()}
    raise InputError(
        f"{where} must be a plain value (None, bool, int, float, str, list, dict), so "
        f"that it can be written as JSON, got {type(value).__name__}: {value!r:.80}."
    )


def _revived(value: object, depth: int = 0) -> Any:
    if depth > MAX_DEPTH:
        raise ValueError(f"it is nested more than {MAX_DEPTH} deep")
    if isinstance(value, str):
        if value in _NOT_FINITE:
            return _NOT_FINITE[value]
        return value[1:] if _LOOKS_SO.fullmatch(value) else value
    if isinstance(value, list):
        return [_revived(item, depth + 1) for item in value]
    if isinstance(value, dict):
        return {key: _revived(item, depth + 1) for key, item in value.items()}
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError("an object has the same key twice")
    return value


def _bare(word: str) -> float:
    raise ValueError(f"bare {word}")
