"""A list of the runs under a folder, each in one line's worth of facts."""

import dataclasses
import pathlib
from typing import Any, Literal

from koki2.runlog import folder, identity, jsontext, lock, opening, reading, rows
from koki2.runlog.errors import BrokenRunError, InputError
from koki2.runlog.types import Path


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunInfo:
    """What can be said about a run without reading all of it."""

    path: pathlib.Path
    status: Literal["complete", "resumable", "running", "broken"]
    kind: str | None
    """The name of its kind; None where config.json cannot tell."""
    command: str | None
    seed: int | None
    started: str | None
    """UTC, as 2026-11-20T10:15:30Z."""
    units: int
    """Rows of the stream "metrics": one per unit done."""
    last: dict[str, Any]
    """The last of these rows, and over it the fields of the summary, if complete."""
    problem: str | None
    """What is broken, or who is writing."""


def list_runs(root: Path) -> list[RunInfo]:
    """The runs under `root`, by name, which is by age; none where it is missing.

    A run is a folder named as `folder.create` names it, or one with a config.json.
    Nothing is locked or changed, and a broken run is listed as such, not raised.

    Example:
      >>> list_runs("no/such/folder")
      []
    """
    root = pathlib.Path(root)
    paths = sorted(root.iterdir()) if root.is_dir() else []
    return [_info(path) for path in paths if _is_run(path)]


def _is_run(path: pathlib.Path) -> bool:
    named = folder.parse(path.name) is not None
    return path.is_dir() and (named or (path / folder.CONFIG).is_file())


def _info(path: pathlib.Path) -> RunInfo:
    started, command, seed = folder.parse(path.name) or (None, None, None)
    status, kind, summary, last, units = "resumable", None, {}, {}, 0
    problem = None
    try:
        problem = lock.holder(path)
        if problem is not None:
            status = "running"
        units, last = _rows(path)
        kind = reading.read_kind(path)
        manifest = reading.read_manifest(path)
        started = manifest.get("created_at_utc") or started
        command = manifest.get("command") or command
        seed = manifest.get("seed", seed)
        verdict = reading.read_summary(path)
        if status != "running":  # else files may change while they are compared
            identity.check_identity(path)
            if verdict is not None:
                identity.check_rows(path, verdict)
                status = "complete"
        summary = verdict or {}
    except (BrokenRunError, InputError, OSError) as error:
        if status != "running":
            status, problem = "broken", str(error)
    return RunInfo(
        path=path,
        status=status,
        kind=kind,
        command=command,
        seed=seed,
        started=started,
        units=units,
        last=last | summary,
        problem=problem,
    )


def _rows(path: pathlib.Path) -> tuple[int, dict[str, Any]]:
    """How many whole rows there are, and the last of them."""
    try:
        file_path = path / reading.read_streams(path)["metrics"]
    except BrokenRunError:  # broken, but its rows may still be counted
        file_path = path / folder.METRICS
    count, last = 0, b"{}"
    if opening.is_there(file_path):
        for line in rows.lines(file_path):
            count, last = count + 1, line
    row = jsontext.decode(last, where=f"{file_path}, line {count},")
    return count, row if isinstance(row, dict) else {}
