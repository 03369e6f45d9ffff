"""Reading a run without a lock, while it is written or after: files to values.

Errors name the file. A path that is not there is the reader's mistake (`InputError`);
a folder that is there but is no run, or no longer, is a `BrokenRunError`.
"""

import pathlib
from collections.abc import Iterator
from typing import Any

from koki2.runlog import arrays, folder, jsontext, opening, rows
from koki2.runlog.errors import BrokenRunError, InputError
from koki2.runlog.manifest import check as check_manifest
from koki2.runlog.types import Path

_MAX_JSON = 2**22  # bytes; a config is some thousands


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


def read_objects(run: Path) -> dict[str, dict[str, str]]:
    """What the run needs from outside the package, by role; {} for most.

    Raises as `read_config` does.
    """
    objects = read_config(run).get("objects", {})
    if not isinstance(objects, dict) or not all(map(_is_object, objects.values())):
        raise BrokenRunError(
            f'{_file(run, folder.CONFIG)} should have an object "objects", with the '
            f"name and sha256 of each, got {objects!r:.80}."
        )
    return objects


def read_document(run: Path) -> dict[str, Any]:
    """All of config.json, with kind and objects also where the file names none.

    Raises as `read_config` does.
    """
    return read_config(run) | {"kind": read_kind(run), "objects": read_objects(run)}


def read_streams(run: Path) -> dict[str, str]:
    """The file of every row stream, by the stream's name. Raises as `read_config` does.

    A run made before there were streams has one, "metrics".
    """
    path = _file(run, folder.MANIFEST)
    streams = read_manifest(run).get("streams", folder.STREAMS)
    try:
        folder.check_streams(streams)
    except (InputError, AttributeError, TypeError) as error:
        raise BrokenRunError(f"{path} names no row streams: {error}") from error
    return dict(streams)


def read_manifest(run: Path) -> dict[str, Any]:
    """On what code and machine the run was made. Raises as `read_config` does."""
    path = _file(run, folder.MANIFEST)
    facts = _object(path)
    check_manifest(facts, str(path))
    if "seed" not in facts:
        raise BrokenRunError(f"{path} should have a seed, has none.")
    return facts


def read_summary(run: Path) -> dict[str, Any] | None:
    """The verdict of a complete run, or None. Raises as `read_config` does."""
    path = _folder(run) / folder.SUMMARY
    if not opening.is_there(path):
        return None
    summary = _object(path)
    if summary.get("status") != "complete":
        raise BrokenRunError(
            f'{path} should have the status "complete", got '
            f"{summary.get('status', 'none')!r:.40}; without that file the run is one "
            "that goes on."
        )
    return summary


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
    return rows.read(path) if opening.is_there(path) else iter(())


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


def existing(path: pathlib.Path) -> pathlib.Path:
    """The path of a file that every run has; raises BrokenRunError if it is missing."""
    if not opening.is_there(path):
        raise BrokenRunError(
            f"{path} is missing; every run has one, so {path.parent} is no run, or one "
            "that was stopped before it began."
        )
    return path


def _folder(run: Path) -> pathlib.Path:
    path = pathlib.Path(run)
    if not path.is_dir():
        raise InputError(f"{path} should be the folder of a run, but is no folder.")
    return path


def _file(run: Path, name: str) -> pathlib.Path:
    return existing(_folder(run) / name)


def _object(path: pathlib.Path) -> dict[str, Any]:
    data = opening.read_bytes(path, limit=_MAX_JSON)
    value = jsontext.decode(data, where=str(path))
    if not isinstance(value, dict):
        raise BrokenRunError(f"{path} should hold a JSON object, got {value!r:.80}.")
    return value


def _is_object(value: object) -> bool:
    """Whether a value is the name and digest that a folder keeps of an object."""
    return isinstance(value, dict) and all(
        isinstance(value.get(name), str) for name in ("name", "sha256")
    )
