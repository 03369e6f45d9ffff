"""Config files: TOML or JSON in, nested plain values out, or a reason why not.

    [env]
    num_sources = 4
    [search]
    strategy = "cma_es"

JSON has the same shape. The config.json of a run folder is taken as it stands. The
text is UTF-8, or UTF-16 that begins with a byte-order mark, as Windows writes it.
"""

import codecs
import pathlib
import tomllib
from collections.abc import Collection
from typing import Any

from koki2 import runlog
from koki2.runlog import jsontext, opening
from koki2.session.printing import printable

_MAX_BYTES = 2**22
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_config(path: pathlib.Path) -> dict[str, Any]:
    """The settings in a file, not yet checked against anything.

    Raises:
      InputError: no such file, neither TOML nor JSON, or not well formed.
    """
    name, ending = printable(path), path.suffix.lower()
    if ending not in (".toml", ".json"):
        raise runlog.InputError(f"{name} should end in .toml or .json, to say which.")
    try:
        text = _text(_bytes(path, name))
        if ending == ".toml":
            values = tomllib.loads(text)
        else:
            values = jsontext.decode(text.encode(), where=name)
    except runlog.BrokenRunError as error:  # of JSON, whatever is wrong with it
        raise runlog.InputError(str(error)) from None
    except runlog.InputError:
        raise
    except (ValueError, RecursionError) as error:
        kind = ending[1:].upper()
        raise runlog.InputError(
            f"{name} should be {kind}, but is not: {error}."
        ) from None
    if not isinstance(values, dict):
        raise runlog.InputError(f"{name} should hold a JSON object of settings.")
    if {"config", "provenance"} <= values.keys() and isinstance(values["config"], dict):
        values = values["config"]
    return values


def _bytes(path: pathlib.Path, name: str) -> bytes:
    try:
        return opening.read_bytes(path, limit=_MAX_BYTES, error=runlog.InputError)
    except runlog.InputError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = getattr(error, "strerror", None) or error
        raise runlog.InputError(f"{name} cannot be read: {reason}.") from None


def _text(data: bytes) -> str:
    return data.decode("utf-16" if data.startswith(_UTF16) else "utf-8-sig")


def checked_out(
    out: pathlib.Path | None, default: pathlib.Path, endings: Collection[str]
) -> pathlib.Path:
    """Where a picture or table goes, once it is sure that it can.

    Args:
      out: as given with --out; None takes `default`.
      default: where it goes by itself.
      endings: what the name may end in.

    Raises:
      InputError: another ending, or no folder there.
    """
    path = default if out is None else out
    if path.suffix.lower() not in endings:
        raise runlog.InputError(
            f"--out must be a name in {', '.join(endings)}, got {printable(path)}."
        )
    if path.is_dir() or not path.parent.is_dir():
        raise runlog.InputError(
            f"--out must be a file in a folder that is there, got {printable(path)}."
        )
    return path
