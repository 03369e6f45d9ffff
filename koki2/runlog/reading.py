"""Reading a run without a lock, while it is written or after: files to values.

Errors name the file. A path that is not there is the reader's mistake (`InputError`);
a folder that is there but is no run, or no longer, is a `BrokenRunError`.
"""

import pathlib
from collections.abc import Iterator
from typing import Any

from koki2.runlog import arrays, folder, jsontext, rows
from koki2.runlog.errors import BrokenRunError, InputError
from koki2.runlog.types import Path

_MAX_JSON = 2**26  # bytes


def read_config(run: Path) -> dict[str, Any]:
    """`{"config": ..., "provenance": ...}`: every knob, and where its value came from.

    Beside them "kind" and "objects", which are absent in runs made before there were
    any: `read_kind` and `read_objects` know about that.

    Raises:
      InputError: there is no such folder.
      BrokenRunError: it has no config.json, or one that koki2 did not write.
    """
    path = _file(run, folder.CONFIG)
    document = _object(path)
    for key in ("config", "provenance"):
        if not isinstance(document.get(key), dict):
            raise BrokenRunError(f'{path} should have an object "{key}", has none.')
    return document


def read_kind(run: Path) -> str:
    """The kind of a run, as "evo". Raises as `read_config` does.

    In a run made before kinds had names, a config with a group "archive" is one of qd,
    and any other one of evo.
    """
    document = read_config(run)
    kind = document.get("kind")
    if kind is None:
        return "qd" if "archive" in document["config"] else "evo"
    if not isinstance(kind, str):
        raise BrokenRunError(f"{_file(run, folder.CONFIG)} should name a kind.")
    return kind


def read_objects(run: Path) -> dict[str, Any]:
    """What the run needs from outside the package, by role; {} for most.

    Raises as `read_config` does.
    """
    objects = read_config(run).get("objects", {})
    if not isinstance(objects, dict):
        raise BrokenRunError(
            f'{_file(run, folder.CONFIG)} should have an object "objects", got '
            f"{objects!r:.80}."
        )
    return objects


def read_streams(run: Path) -> dict[str, str]:
    """The file of every row stream, by the stream's name. Raises as `read_config` does.

    A run made before there were streams has one, "metrics".
    """
    path = _file(run, folder.MANIFEST)
    streams = _object(path).get("streams", folder.STREAMS)
    try:
        folder.check_streams(streams)
    except (InputError, AttributeError, TypeError) as error:
        raise BrokenRunError(f"{path} names no row streams: {error}") from error
    return dict(streams)


def read_manifest(run: Path) -> dict[str, Any]:
    """On what code and machine the run was made. Raises as `read_config` does."""
    return _object(_file(run, folder.MANIFEST))


def read_summary(run: Path) -> dict[str, Any] | None:
    """The verdict of a complete run, or None. Raises as `read_config` does."""
    path = _folder(run) / folder.SUMMARY
    return _object(path) if path.exists() else None


def read_rows(run: Path, stream: str = "metrics") -> Iterator[dict[str, Any]]:
    """The rows of a stream, one by one; a torn last line is no row.

    Raises:
      InputError: there is no such folder, or no such stream.
      BrokenRunError: the stream's file is missing, or a line (named) is no row.
    """
    streams = read_streams(run)
    if stream not in streams:
        raise InputError(
            f"the stream must be one of {sorted(streams)} in {run}, got {stream!r}."
        )
    return rows.read(_file(run, streams[stream]))


def read_timing(run: Path) -> Iterator[dict[str, Any]]:
    """The rows of timing.jsonl, if any. Raises as `read_rows` does."""
    path = _folder(run) / folder.TIMING
    return rows.read(path) if path.exists() else iter(())


def read_genome(run: Path, which: str) -> dict[str, Any]:
    """The arrays of `<which>_genome.npz`, by name; `which` is "best" or "mean".

    Raises:
      InputError: there is no such folder, or the name is no plain file stem.
      BrokenRunError: the file is missing or damaged.
    """
    return read_artifact(run, f"{which}_genome")


def read_artifact(run: Path, name: str) -> dict[str, Any]:
    """The arrays of `<name>.npz`, by name. Raises as `read_genome` does."""
    return arrays.load_arrays(artifact_path(run, name))


def artifact_path(run: Path, name: str) -> pathlib.Path:
    """Where the artifact of a name lies, whether or not it is there."""
    folder.check_stem("the name of an artifact", name)
    return _folder(run) / f"{name}.npz"


def _folder(run: Path) -> pathlib.Path:
    path = pathlib.Path(run)
    if not path.is_dir():
        raise InputError(f"{path} should be the folder of a run, but is no folder.")
    return path


def _file(run: Path, name: str) -> pathlib.Path:
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
