"""A run as its one writer sees it: start or resume, append, checkpoint, finish.

What `checkpoint` has acknowledged is never lost: rows are fsynced first, and their
length and digest go into the checkpoint, so that `resume` cuts the file exactly there
and a run taken up again ends with the very bytes of one that was never stopped.
"""

import contextlib
import dataclasses
import functools
import os
import pathlib
from collections.abc import Iterable, Mapping
from typing import Any

from koki2.runlog import (
    arrays as arrays_,
    atomic,
    checkpoint,
    folder,
    jsontext,
    reading,
)
from koki2.runlog.checkpoint import Checkpoint
from koki2.runlog.errors import BrokenRunError, InputError
from koki2.runlog.lock import Lock
from koki2.runlog.rows import prefix_sha256, RowWriter


class Run:
    """The folder of a run, locked for writing until `close`. Made by `start`, `resume`.

    Attributes:
      path: the folder.
      config: the resolved config, in plain values.
      provenance: where each value of it came from.
      manifest: on what code and machine the run was started.
      restored: the checkpoint to go on from; None means from the beginning.
      summary: what `finish` wrote; None while the run is not complete.
      notes: for people: what was damaged and passed over when resuming.

    Example:
      >>> import numpy as np, tempfile
      >>> root = tempfile.mkdtemp()
      >>> with Run.start(root, "evo-l0", 7, {"lr": 0.1}, {"lr": "default"}, {}) as run:
      ...     run.append([{"generation": 0, "best_fitness": 1.5}])
      ...     run.checkpoint(1, {"mean": np.ones(3)}, {"best": 1.5})
      ...     run.append([{"generation": 1, "best_fitness": 2.5}])  # never acknowledged
      >>> with Run.resume(run.path) as run:
      ...     print(run.restored.step, run.restored.meta, run.config)
      ...     print(list(reading.read_rows(run.path)))
      1 {'best': 1.5} {'lr': 0.1}
      [{'generation': 0, 'best_fitness': 1.5}]
    """

    def __init__(self, path, document, facts, held, found=None, summary=None):
        self.path: pathlib.Path = path
        self.config: dict[str, Any] = document["config"]
        self.provenance: dict[str, Any] = document["provenance"]
        self.manifest: dict[str, Any] = facts
        self.restored: Checkpoint | None = None
        self.summary: dict[str, Any] | None = summary
        self.notes: tuple[str, ...] = ()
        offset = 0 if summary is None else None  # None keeps every row
        if found is not None:
            self.notes, given = found.skipped, found.meta["given"]
            self.restored = dataclasses.replace(found, meta=given, skipped=())
            offset = found.meta["rows"]["offset"]
        self._rows = held.enter_context(RowWriter(path / folder.ROWS, offset=offset))
        self._timing = held.enter_context(RowWriter(path / folder.TIMING))
        self._held: contextlib.ExitStack = held

    @classmethod
    def start(
        cls,
        root: str | os.PathLike[str],
        command: str,
        seed: int,
        config: dict[str, Any],
        provenance: dict[str, Any],
        manifest: dict[str, Any],
        *,
        out_dir: str | os.PathLike[str] | None = None,
        tag: str | None = None,
    ) -> "Run":
        """Makes a folder and takes it for writing.

        config.json is written last: a folder that has one can be resumed.

        Args:
          root, command, seed, out_dir, tag: as for `folder.create`.
          config: the resolved config, in plain values.
          provenance: where each field came from, by dotted path: "default",
            "preset", "file", "flag".
          manifest: what `manifest.manifest` found; command, seed and the digest of
            the config are entered here.

        Raises:
          InputError: what was given cannot be written, or `out_dir` is taken.
          OSError: the disk refused.
        """
        facts = {"command": command, "seed": seed}
        facts = manifest | facts | {"config_digest": jsontext.digest(config)}
        facts = _as_read(facts, folder.MANIFEST)  # before a folder is made for nothing
        document = {"config": config, "provenance": provenance}
        document = _as_read(document, folder.CONFIG)
        path = folder.create(root, command, seed, out_dir=out_dir, tag=tag)
        with contextlib.ExitStack() as held:
            held.enter_context(Lock(path))
            folder.check_new(path)  # another start may have been faster
            run = cls(path, document, facts, held)
            atomic.write_json(path / folder.MANIFEST, facts, sort_keys=True)
            atomic.write_json(path / folder.CONFIG, document)
            run._held = held.pop_all()
        return run

    @classmethod
    def resume(cls, path: str | os.PathLike[str]) -> "Run":
        """Takes up a run where its newest whole checkpoint left it.

        Rows after that checkpoint were never acknowledged and are cut off. Without
        any checkpoint the run begins anew in the same folder. A complete run is
        opened as it stands: `summary` is set, nothing is restored or cut, and it
        takes nothing more.

        Raises:
          InputError: there is no such folder.
          LockedError: another process is writing it.
          BrokenRunError: it is no run, or too damaged to go on; nothing is changed.
        """
        path, found = pathlib.Path(path), None
        document, facts = reading.read_config(path), reading.read_manifest(path)
        if facts.get("config_digest") != jsontext.digest(document["config"]):
            raise BrokenRunError(
                f"{path / folder.CONFIG} should have the digest that {folder.MANIFEST} "
                "keeps of it, so that the run goes on as it began; one was changed."
            )
        with contextlib.ExitStack() as held:
            held.enter_context(Lock(path))
            summary = reading.read_summary(path)
            if summary is None:
                accept = functools.partial(_rows_problem, path / folder.ROWS)
                found = checkpoint.load_newest(path / folder.CHECKPOINTS, accept)
            run = cls(path, document, facts, held, found, summary)
            atomic.clean(path)
            run._held = held.pop_all()
        return run

    def append(self, rows: Iterable[dict[str, Any]]) -> None:
        """Writes rows to generations.jsonl in one piece; durable at `checkpoint`.

        No clock readings: this file is the same for every run of one config and seed.

        Raises:
          InputError: a row is not plain, or the run is complete; nothing is written.
        """
        self._open()
        self._rows.append(rows)

    def checkpoint(
        self, step: int, arrays: Mapping[str, Any], meta: dict[str, Any]
    ) -> None:
        """Makes all rows so far, and this state, durable; then old states are removed.

        Args:
          step: steps done.
          arrays: NumPy arrays of numbers by name.
          meta: plain values.

        Raises:
          InputError: what was given cannot be written, or the run is complete.
          OSError: the disk refused; the previous checkpoint still stands.
        """
        self._open()
        self._rows.sync()
        mark = {"offset": self._rows.offset, "sha256": self._rows.sha256}
        where = self.path / folder.CHECKPOINTS
        checkpoint.save(where, step, arrays, {"given": meta, "rows": mark})

    def save_arrays(self, name: str, arrays: Mapping[str, Any]) -> None:
        """Writes `<name>.npz`: best_genome, mean_genome or archive. Durably; replaces
        the last."""
        self._open()
        arrays_.save_arrays(reading.arrays_path(self.path, name), arrays)

    def timing(self, **values: Any) -> None:
        """Notes wall-clock facts in timing.jsonl, as well as the disk lets it.

        Example: `run.timing(step=20, seconds=1.5)`. A kill may lose the last of them,
        and steps done twice are timed twice.
        """
        with contextlib.suppress(OSError):
            self._timing.append([values])

    def finish(self, summary: dict[str, Any]) -> None:
        """Makes all rows durable, then writes summary.json: the run is complete.

        Args:
          summary: the verdict, in plain values; `best_fitness`, if there, is listed
            by `koki2 runs`. A field `status` is added.
        """
        self._open()
        self._rows.sync()
        whole = summary | {"status": "complete"}
        atomic.write_json(self.path / folder.SUMMARY, whole, sort_keys=True)
        self.summary = whole

    def close(self) -> None:
        """Frees files and lock; the run can be resumed. Twice is as good as once."""
        self._held.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _open(self) -> None:
        if self.summary is not None:
            raise InputError(f"{self.path} is complete and takes nothing more.")


def _rows_problem(path: pathlib.Path, found: Checkpoint) -> str | None:
    """None if the rows are still those that the checkpoint acknowledged."""
    mark = found.meta["rows"]
    if prefix_sha256(path, mark["offset"]) == mark["sha256"]:
        return None
    return (
        f"step {found.step}: the first {mark['offset']} bytes of {path} are not those "
        "that were acknowledged."
    )


def _as_read(value: dict[str, Any], name: str) -> dict[str, Any]:
    """What comes back after writing, so that a start sees what a resume will see."""
    return jsontext.decode(jsontext.encode(value, where=name), where=name)
