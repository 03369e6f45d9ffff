"""Config files: TOML or JSON in, nested plain values out, or a reason why not.

    [env]
    num_sources = 4
    [search]
    strategy = "cma_es"

JSON has the same shape. The config.json of a run folder is taken as it stands.
"""

import pathlib
import tomllib
from typing import Any

from koki2 import runlog
from koki2.runlog import jsontext, opening

_MAX_BYTES = 2**22


def read_config(path: pathlib.Path) -> dict[str, Any]:
    """The settings in a file, not yet checked against anything.

    Raises:
      InputError: no such file, neither TOML nor JSON, or not well formed.
    """
    if path.suffix not in (".toml", ".json"):
        raise runlog.InputError(f"{path} should end in .toml or .json, to say which.")
    try:
        data = opening.read_bytes(path, limit=_MAX_BYTES, error=runlog.InputError)
    except runlog.InputError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = getattr(error, "strerror", None) or error
        raise runlog.InputError(f"{path} cannot be read: {reason}.") from None
    try:
        if path.suffix == ".toml":
            values = tomllib.loads(data.decode())
        else:
            values = jsontext.decode(data, where=str(path))
    except runlog.BrokenRunError as error:  # of JSON, whatever is wrong with it
        raise runlog.InputError(str(error)) from None
    except (ValueError, RecursionError) as error:
        raise runlog.InputError(
            f"{path} should be TOML, but is not: {error}."
        ) from None
    if not isinstance(values, dict):
        raise runlog.InputError(f"{path} should hold a JSON object of settings.")
    if {"config", "provenance"} <= values.keys() and isinstance(values["config"], dict):
        values = values["config"]
    return values
