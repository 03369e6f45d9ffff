"""The run of a process that does not write: takes what a `Run` takes, and drops it.

Of several processes that compute one run, process 0 has the `runlog.Run`; the state
that a resumed run goes on from comes from there.
"""

import json
import pathlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from koki2 import runlog
from koki2.runlog.checkpoint import Checkpoint
from koki2.session import processes


class Follower:
    """What a process that is not the first has in place of a `runlog.Run`.

    Attributes:
      path, kind, config, manifest, summary, restored: as those of the run.
      notes: none, for process 0 says them.
    """

    notes: tuple[str, ...] = ()

    def __init__(
        self,
        path: pathlib.Path,
        kind: str,
        config: dict[str, Any],
        manifest: dict[str, Any],
        restored: Checkpoint | None = None,
        summary: dict[str, Any] | None = None,
    ):
        self.path, self.kind, self.config = path, kind, config
        self.manifest = manifest
        self.restored, self.summary = restored, summary

    def append(
        self, rows: Iterable[Mapping[str, object]], stream: str = "metrics"
    ) -> None:
        """Drops rows."""

    def checkpoint(
        self, step: int, state: Mapping[str, Any], meta: Mapping[str, object]
    ) -> None:
        """Drops a state."""

    def save_artifact(self, name: str, arrays: Mapping[str, Any]) -> None:
        """Drops an artifact."""

    def timing(self, **values: object) -> None:
        """Drops what the clock said."""

    def finish(self, summary: Mapping[str, Any]) -> None:
        """Notes that the run is complete."""
        self.summary = {**summary, "status": "complete"}

    def close(self) -> None:
        """Does nothing."""

    def __enter__(self) -> "Follower":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


AnyRun = runlog.Run | Follower
"""A run in the process that writes it, or in another."""


def open_together(open_: Callable[[], runlog.Run]) -> AnyRun:
    """Opens a run in process 0, and its follower in all others.

    Args:
      open_: starts the run or resumes it; called in process 0 alone.
    """
    if processes.count() == 1:
        return open_()
    if not processes.is_first():
        told = json.loads(processes.share(None))
        arrays = processes.share_arrays(None) if told["step"] is not None else {}
        restored = None
        if told["step"] is not None:
            restored = Checkpoint(step=told["step"], arrays=arrays, meta={})
        path = pathlib.Path(told["path"])
        facts = (told["kind"], told["config"], told["manifest"])
        return Follower(path, *facts, restored, told["summary"])
    run = open_()
    told = {
        "path": str(run.path),
        "kind": run.kind,
        "config": run.config,
        "manifest": run.manifest,
        "summary": run.summary,
        "step": run.restored.step if run.restored else None,
    }
    processes.share(json.dumps(told).encode())
    if run.restored is not None:
        processes.share_arrays(run.restored.arrays)
    return run
