"""A run as its one writer sees it: start or resume, append, checkpoint, finish.

What `checkpoint` has acknowledged is never lost: rows of all streams are fsynced
first, and their lengths and digests go into the checkpoint, so that `resume` cuts the
files exactly there and a resumed run ends with the very bytes of one that was never
stopped.
"""

import contextlib
import pathlib
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any

from koki2.runlog import (
    arrays as arrays_,
    atomic,
    checkpoint,
    folder,
    identity,
    jsontext,
    opening,
    reading,
    variables,
)
from koki2.runlog.checkpoint import Checkpoint
from koki2.runlog.errors import BrokenRunError, InputError
from koki2.runlog.lock import Lock
from koki2.runlog.manifest import is_seed, MAX_SEED
from koki2.runlog.rows import lines, prefix_sha256, RowWriter
from koki2.runlog.types import Arrays, Path, Values


class Run:
    """The folder of a run, locked for writing until `close`. Made by `start`, `resume`.

    Attributes:
      path: the folder.
      kind: the name of the kind of run, as "evo".
      config: the resolved config, in plain values.
      provenance: where each value of it came from.
      objects: what the run needs from outside the package, by role.
      manifest: on what code and machine the run was started.
      streams: the file of every row stream, by the stream's name.
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

    def __init__(
        self,
        path: pathlib.Path,
        document: dict[str, Any],
        manifest: dict[str, Any],
        resources: contextlib.ExitStack,
        restored: Checkpoint | None = None,
        summary: dict[str, Any] | None = None,
        notes: tuple[str, ...] = (),
    ):
        self.path = path
        self.kind: str = document["kind"]
        self.config: dict[str, Any] = document["config"]
        self.provenance: dict[str, Any] = document["provenance"]
        self.objects: dict[str, Any] = document["objects"]
        self.manifest = manifest
        self.streams: dict[str, str] = manifest["streams"]
        self.restored = restored
        self.summary = summary
        self.notes = notes
        self._rows: dict[str, RowWriter] = {}
        self._timing: RowWriter | None = None
        if summary is None:  # a complete run takes nothing more
            for name, file in self.streams.items():
                offset = restored.streams[name]["offset"] if restored else 0
                writer = RowWriter(path / file, offset=offset)
                self._rows[name] = resources.enter_context(writer)
            self._timing = resources.enter_context(RowWriter(path / folder.TIMING))
        self._facts = identity.facts_of(document, manifest)
        self._resources = resources

    @classmethod
    def start(
        cls,
        root: Path,
        command: str,
        seed: int,
        config: Values,
        provenance: Values,
        manifest: Values,
        *,
        kind: str = "evo",
        streams: Mapping[str, str] = folder.STREAMS,
        objects: Values | None = None,
        out_dir: Path | None = None,
        label: str | None = None,
        tag: str | None = None,
    ) -> "Run":
        """Makes a folder and locks it for writing.

        config.json is written last: a folder that has one can be resumed.

        Args:
          root, command, seed, out_dir, label, tag: as for `folder.create`.
          config: the resolved config, in plain values.
          provenance: where each field came from, by dotted path: "default",
            "preset", "file", "flag".
          manifest: what `manifest.manifest` found; command, seed, the streams and the
            digest of the config are entered here.
          kind: the name of the kind of run.
          streams: the file of every row stream by the stream's name; "metrics" is
            always there.
          objects: what the run needs from outside the package, by role, in plain
            values, as {"world": {"name": "my_world.py:line", "sha256": ...}}.

        Raises:
          InputError: what was given cannot be written, or `out_dir` is taken.
          OSError: the disk refused.
        """
        folder.check_stem("the kind of a run", kind)
        folder.check_streams(streams)
        if not is_seed(seed):
            raise InputError(
                f"seed must be an integer >= 0 and <= {MAX_SEED}, got {seed!r:.40}."
            )
        facts = {"command": command, "seed": seed, "streams": dict(streams)}
        facts = {**manifest, **facts, "config_digest": jsontext.digest(config)}
        facts = _as_read(facts, folder.MANIFEST)  # before a folder is made for nothing
        document = {"kind": kind, "config": config, "provenance": provenance}
        document = _as_read(document | {"objects": objects or {}}, folder.CONFIG)
        facts["identity"] = identity.facts_of(document, facts)["identity"]
        path = folder.create(root, command, seed, out_dir=out_dir, label=label, tag=tag)
        with contextlib.ExitStack() as resources:
            resources.enter_context(Lock(path))
            folder.check_new(path)  # another start may have been faster
            run = cls(path, document, facts, resources)
            atomic.write_json(path / folder.MANIFEST, facts, sort_keys=True)
            atomic.write_json(path / folder.CONFIG, document)
            run._resources = resources.pop_all()
        return run

    @classmethod
    def resume(cls, path: Path) -> "Run":
        """Goes on with a run from its newest whole checkpoint.

        Rows after that checkpoint were never acknowledged and are cut off. A run that
        has never made a checkpoint begins anew in the same folder. A complete run is
        opened as it stands: `summary` is set, nothing is restored or cut, and it
        takes nothing more.

        Raises:
          InputError: there is no such folder, or its checkpoints have the format of
            an older koki2.
          LockedError: another process is writing it.
          BrokenRunError: it is no run, its files contradict each other, or it is too
            damaged to go on; nothing is changed.
        """
        path, restored = pathlib.Path(path), None
        document, facts = reading.read_document(path), reading.read_manifest(path)
        facts["streams"] = reading.read_streams(path)
        identity.check_config(path, document, facts)
        variables.check(facts.get("environment", {}), path / folder.MANIFEST)
        notes: tuple[str, ...] = ()
        with contextlib.ExitStack() as resources:
            resources.enter_context(Lock(path))
            summary = reading.read_summary(path)
            if summary is None:
                of_run = identity.facts_of(document, facts)
                restored = checkpoint.load_newest(
                    path / folder.CHECKPOINTS,
                    lambda loaded: _rows_problem(path, facts["streams"], loaded),
                    facts=of_run,
                )
                identity.check_manifest(path, facts, of_run)
                notes = restored.skipped if restored else _anew(path, facts["streams"])
                for file in (*facts["streams"].values(), folder.TIMING):
                    opening.check_writable(path / file)
            else:
                identity.check_identity(path)
                identity.check_rows(path, summary)
            run = cls(path, document, facts, resources, restored, summary, notes)
            atomic.clean(path)
            run._resources = resources.pop_all()
        return run

    def append(
        self, rows: Iterable[Mapping[str, object]], stream: str = "metrics"
    ) -> None:
        """Writes rows to a stream's file in one piece; durable at `checkpoint`.

        No clock readings: this file is the same for every run of one config and seed.

        Raises:
          InputError: a row is not plain, there is no such stream, or the run is
            complete; nothing is written.
        """
        self._check_open()
        if stream not in self._rows:
            raise InputError(
                f"the stream must be one of {sorted(self._rows)}, got {stream!r}."
            )
        self._rows[stream].append(rows)

    def checkpoint(self, step: int, state: Arrays, meta: Values) -> None:
        """Makes all rows so far, and this state, durable; then old states are removed.

        Args:
          step: steps done.
          state: NumPy arrays of numbers by name.
          meta: plain values.

        Raises:
          InputError: what was given cannot be written, or the run is complete.
          OSError: the disk refused; the previous checkpoint still stands.
        """
        self._check_open()
        marks = {}
        for name, writer in self._rows.items():
            writer.sync()
            mark = {"offset": writer.offset, "sha256": writer.sha256}
            marks[name] = {"file": writer.path.name, **mark}
        checkpoint.save(
            self.path / folder.CHECKPOINTS,
            step,
            state,
            meta,
            facts=self._facts,
            streams=marks,
        )

    def save_artifact(self, name: str, arrays: Arrays) -> None:
        """Writes `<name>.npz` durably, as best_genome; replaces the last of that name.

        Raises:
          InputError: a name that is no plain file stem, something that is not an
            array of numbers, or the run is complete.
        """
        self._check_open()
        arrays_.save_arrays(reading.artifact_path(self.path, name), arrays)

    def timing(self, **values: object) -> None:
        """Notes wall-clock facts in timing.jsonl; a disk that refuses is no error.

        Example: `run.timing(step=20, seconds=1.5)`. A kill may lose the last of them,
        and steps done twice are timed twice.
        """
        if self._timing is not None:
            with contextlib.suppress(OSError):
                self._timing.append([values])

    def finish(self, summary: Values) -> None:
        """Makes all rows durable, then writes summary.json: the run is complete.

        Args:
          summary: the verdict, in plain values. A field `status` is added.
        """
        self._check_open()
        for writer in self._rows.values():
            writer.sync()
        checkpoint.tidy(self.path / folder.CHECKPOINTS)
        whole = {**summary, "status": "complete"}
        atomic.write_json(self.path / folder.SUMMARY, whole, sort_keys=True)
        self.summary = whole

    def close(self) -> None:
        """Frees files and lock; the run can be resumed. A second call does nothing."""
        self._resources.close()

    def __enter__(self) -> "Run":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _check_open(self) -> None:
        if self.summary is not None:
            raise InputError(f"{self.path} is complete and takes nothing more.")


def _anew(path: pathlib.Path, streams: Mapping[str, str]) -> tuple[str, ...]:
    """What is to be said of a run without a checkpoint, which begins anew.

    Raises:
      BrokenRunError: it had checkpoints, for timing.jsonl has a row for each.
    """
    count = lambda file: sum(1 for _ in lines(path / file))
    there = [file for file in streams.values() if opening.is_there(path / file)]
    timed = path / folder.TIMING
    if opening.is_there(timed) and count(folder.TIMING) > 0:
        raise BrokenRunError(
            f"{path / folder.CHECKPOINTS} should hold the checkpoints of which "
            f"{folder.TIMING} tells, but holds none; the rows are left as they are. "
            "Started again elsewhere, with its config and seed, the run comes to them."
        )
    rows = {file: number for file in there if (number := count(file))}
    return tuple(
        f"{number} rows of {path / file} that no checkpoint acknowledges: the run "
        "begins anew"
        for file, number in rows.items()
    )


def _rows_problem(
    path: pathlib.Path, streams: Mapping[str, str], loaded: Checkpoint
) -> str | None:
    """None if the rows are still those that the checkpoint acknowledged."""
    files = {name: mark["file"] for name, mark in loaded.streams.items()}
    if files != streams:
        return (
            f"step {loaded.step}: its streams are {files}, those of the run {streams}."
        )
    for mark in loaded.streams.values():
        if prefix_sha256(path / mark["file"], mark["offset"]) != mark["sha256"]:
            return (
                f"step {loaded.step}: the first {mark['offset']} bytes of "
                f"{path / mark['file']} are not those that were acknowledged."
            )
    return None


def _as_read(value: dict[str, Any], name: str) -> dict[str, Any]:
    """What comes back after writing, so that a start sees what a resume will see."""
    return jsontext.decode(jsontext.encode(value, where=name), where=name)
