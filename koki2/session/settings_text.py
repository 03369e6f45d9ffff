"""Resolved settings as text: TOML that can be read back, with where each came from."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from koki2.session.printing import printable


def as_toml(values: Mapping[str, Any], provenance: Mapping[str, str]) -> Iterator[str]:
    """Yields the lines of a TOML document.

    Args:
      values: plain values by group and field.
      provenance: where each came from, by dotted name.

    Example:
      >>> print(*as_toml({"search": {"lr": 0.5}}, {"search.lr": "flag"}), sep="|")
      [search]|lr = 0.5                                  # flag|
    """
    for group, table in values.items():
        yield f"[{group}]"
        for name, value in table.items():
            line = f"{name} = {_toml(value)}"
            line = f"# {name} is not set" if value is None else line
            yield f"{line:<40}  # {printable(provenance[f'{group}.{name}'])}"
        yield ""


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value) if isinstance(value, str) else repr(value)
