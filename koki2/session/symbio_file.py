"""A file of symbio settings, spelt as in seed 003 or as here; all faults at once."""

import pathlib
from typing import Any

from koki2 import runlog
from koki2.control.configs import SymbioConfig
from koki2.control.spelling import snake_keys
from koki2.session import files, schema
from koki2.session.printing import printable


def read_symbio(path: pathlib.Path) -> dict[str, Any]:
    """The symbio settings that a file sets, by their names in `SymbioConfig`.

    Args:
      path: JSON as in seed 003 7.4, or TOML.

    Raises:
      InputError: it cannot be read; or keys that are unknown, values of another type
        or out of range, a line each.
    """
    given = files.read_config(path)
    with runlog.raising(runlog.InputError):
        values = snake_keys(given)
    faults = schema.problems(SymbioConfig, values)
    if faults:
        lines = [f"{fault.name} {fault.text} ({printable(path)})" for fault in faults]
        raise runlog.InputError("\n".join(lines))
    values = schema.as_declared(SymbioConfig, values)
    with runlog.raising(runlog.InputError):
        SymbioConfig(**values)  # rules that tie several fields
    return values
