"""Reading a run without a lock, while it is written or after: files to values.

Errors name the file. A path that is not there is the reader's mistake (`InputError`);
a folder that is there but is no run, or no longer, is a `BrokenRunError`.
"""

import os
import pathlib
from collections.abc import Iterator
from typing import Any

from koki2.runlog import arrays, folder, jsontext, rows
from koki2.runlog.errors import BrokenRunError, InputError

_MAX_JSON = 2**26  # bytes
_ARRAYS = ("best_genome", "mean_genome", "archive")


def read_config(run: str | os.PathLike[str]) -> dict[str, Any]:
    """`{"config": ..., "provenance": ...}`: every knob, and where its value came from.

    Raises:
      InputError: there is no such folder.
      BrokenRunError: it has no config.json, or one that koki2 did not write.
    """
    path = _file(run, folder.CONFIG)
    found = _object(path)
    for key in ("config", "provenance"):
        if not isinstance(found.get(key), dict):
            raise BrokenRunError(f'{path} should have an object "{key}", has none.')
    return found


def read_manifest(run: str | os.PathLike[str]) -> dict[str, Any]:
    """On what code and machine the run was made. Raises as `read_config` does."""
    return _object(_file(run, folder.MANIFEST))


def read_summary(run: str | os.PathLike[str]) -> dict[str, Any] | None:
    """The verdict of a complete run, or None. Raises as `read_config` does."""
    path = _folder(run) / folder.SUMMARY
    return _object(path) if path.exists() else None


def read_rows(run: str | os.PathLike[str]) -> Iterator[dict[str, Any]]:
    """The rows of generations.jsonl, one by one; a torn last line is no row.

    Raises:
      InputError: there is no such folder.
      BrokenRunError: it has no generations.jsonl, or a line (named) that is no row.
    """
    return rows.read(_file(run, folder.ROWS))


def read_timing(run: str | os.PathLike[str]) -> Iterator[dict[str, Any]]:
    """The rows of timing.jsonl, if any. Raises as `read_rows` does."""
    path = _folder(run) / folder.TIMING
    return rows.read(path) if path.exists() else iter(())


def read_genome(run: str | os.PathLike[str], which: str) -> dict[str, Any]:
    """The arrays of `<which>_genome.npz`, by name; `which` is "best" or "mean".

    Raises:
      InputError: there is no such folder, or `which` is another word.
      BrokenRunError: the file is missing or damaged.
    """
    return read_arrays(run, f"{which}_genome")


def read_arrays(run: str | os.PathLike[str], name: str) -> dict[str, Any]:
    """The arrays of `<name>.npz`, by name. Raises as `read_genome` does."""
    return arrays.load_arrays(arrays_path(run, name))


def arrays_path(run: str | os.PathLike[str], name: str) -> pathlib.Path:
    """Where arrays of a run lie: best_genome, mean_genome or archive."""
    if name not in _ARRAYS:
        raise InputError(f"arrays of a run are one of {_ARRAYS}, got {name!r}.")
    return _folder(run) / f"{name}.npz"


def _folder(run: str | os.PathLike[str]) -> pathlib.Path:
    path = pathlib.Path(run)
    if not path.is_dir():
        raise InputError(f"{path} should be the folder of a run, but is no folder.")
    return path


def _file(run: str | os.PathLike[str], name: str) -> pathlib.Path:
    path = _folder(run) / name
    if not path.is_file():
        raise BrokenRunError(
            f"{path} is missing; every run has one, so {path.parent} is no run, or one "
            "that was stopped before it began."
        )
    return path


def _object(path: pathlib.Path) -> dict[str, Any]:
    if path.stat().st_size > _MAX_JSON:
        raise BrokenRunError(f"{path} should hold at most {_MAX_JSON} bytes.")
    value = jsontext.decode(path.read_bytes(), where=str(path))
    if not isinstance(value, dict):
        raise BrokenRunError(f"{path} should hold a JSON object, got {value!r:.80}.")
    return value
