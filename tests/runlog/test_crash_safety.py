"""Saving a checkpoint, stopped at every point where a disk or a power line can stop it.

Two models. In the first a system call fails (EIO, ENOSPC) or is the last thing that
the process ever does. In the second the power goes: what was not fsynced may be lost,
names and contents each for themselves, as ALICE (OSDI 2014) found file systems to do.
"""

import contextlib
import errno
import os
import shutil

import numpy as np
import pytest

from koki2.runlog import (
    atomic,
    BrokenRunError,
    checkpoint,
    load_arrays,
    read_rows,
    rows,
    Run,
    save_arrays,
)

CALLS = (
    *("open", "write", "fsync", "close", "replace", "mkdir", "unlink", "ftruncate"),
    "rmdir",
)


class Killed(BaseException):
    """Not an Exception: no handler of ours may believe that the process lives on."""


class FaultyDisk:
    """Stands in for `os`: the `n`-th call fails, or is cut short by a kill."""

    def __init__(self, n=None, fault=None):
        self.n, self.fault, self.calls, self.is_dead = n, fault, [], False

    def __getattr__(self, name):
        real = getattr(os, name)
        return (lambda *args: self._call(name, real, *args)) if name in CALLS else real

    def _call(self, name, real, *args):
        if self.is_dead:
            if name == "close":  # the kernel does that for the dead
                return real(*args)
            raise Killed
        self.calls.append(name)
        if len(self.calls) - 1 != self.n:
            return real(*args)
        if name == "write":  # half of it arrives
            real(args[0], bytes(args[1])[: len(args[1]) // 2])
        if name == "close":
            real(*args)
        if self.fault is Killed:
            self.is_dead = True
            raise Killed
        raise OSError(self.fault, os.strerror(self.fault))


def state(step):
    return {"mean": np.full(5, step, np.float32), "key": np.array([step], np.uint32)}


def save(folder, step):
    checkpoint.save(folder, step, state(step), {"step": step})


def assert_is(found, *steps):
    """The checkpoint is one of these steps, and all of it."""
    assert found.step in steps and found.meta == {"step": found.step}
    for name, value in state(found.step).items():
        np.testing.assert_array_equal(found.arrays[name], value)


def whole_steps(folder):
    seen = []
    with contextlib.suppress(BrokenRunError):
        checkpoint.load_newest(folder, lambda found: seen.append(found.step) or "next")
    return seen[::-1]


@pytest.mark.parametrize("before", [0, 1, 4])
@pytest.mark.parametrize("fault", [Killed, errno.EIO, errno.ENOSPC])
def test_a_save_that_fails_at_any_call_leaves_a_whole_checkpoint(
    tmp_path, monkeypatch, before, fault
):
    def attempt(number, disk):
        folder = tmp_path / str(number) / "checkpoints"
        folder.parent.mkdir()
        for step in range(1, before + 1):
            save(folder, step)
        monkeypatch.setattr(atomic, "os", disk)
        try:
            save(folder, before + 1)
        except (OSError, Killed):
            return folder, False
        finally:
            monkeypatch.setattr(atomic, "os", os)
        return folder, True

    counting = FaultyDisk()
    attempt("counting", counting)
    assert counting.calls.count("fsync") >= 4  # the arrays, the json, the folder twice
    for n in range(len(counting.calls)):
        folder, was_saved = attempt(n, FaultyDisk(n, fault))
        found = checkpoint.load_newest(folder)
        assert whole_steps(folder) == checkpoint.steps(folder)
        if was_saved:
            assert_is(found, before + 1)
        elif before:
            assert_is(found, before, before + 1)
        elif found is not None:
            assert_is(found, 1)
        if fault is not Killed and folder.exists() and not was_saved:
            assert not list(folder.glob(".*.tmp")), "a failed save cleans up behind it"
        save(folder, before + 2)  # and life goes on
        assert_is(checkpoint.load_newest(folder), before + 2)
        kept = sorted(checkpoint.steps(folder))
        assert len(os.listdir(folder)) == 2 * len(kept) <= 6


class TracedDisk:
    """Stands in for `os` and notes what it did to names, contents, and durability."""

    def __init__(self):
        self.trace, self.files, self.folders = [], {}, {}

    def __getattr__(self, name):
        return getattr(os, name)

    def open(self, path, flags, *mode):
        file = os.open(path, flags, *mode)
        if flags & os.O_CREAT:
            self.files[file] = inode = len(self.trace)
            self.trace.append(("name", os.path.basename(path), inode))
        else:
            self.files[file] = None
        return file

    def write(self, file, data):
        self.trace.append(("write", self.files[file], bytes(data)))
        return os.write(file, data)

    def fsync(self, file):
        inode = self.files[file]
        self.trace.append(("sync names",) if inode is None else ("sync", inode))
        os.fsync(file)

    def replace(self, old, new):
        self.trace.append(("rename", os.path.basename(old), os.path.basename(new)))
        os.replace(old, new)

    def unlink(self, path):
        self.trace.append(("unlink", os.path.basename(path)))
        os.unlink(path)


def disks_after_a_power_cut(trace):
    """Every (names, contents) that may be found, for a cut after each entry."""
    for end in range(len(trace) + 1):
        synced = [i for i in range(end) if trace[i][0] == "sync names"]
        for names_end in range(synced[-1] if synced else 0, end + 1):
            names = {}
            for kind, *rest in trace[:names_end]:
                if kind == "name":
                    names[rest[0]] = rest[1]
                elif kind == "rename":
                    names[rest[1]] = names.pop(rest[0])
                elif kind == "unlink":
                    names[rest[0]] = None
            for is_lucky in (True, False):
                contents, pending = {}, {}
                for kind, *rest in trace[:end]:
                    if kind == "write":
                        pending[rest[0]] = pending.get(rest[0], b"") + rest[1]
                    if kind == "sync" or is_lucky:
                        contents.update(pending)
                yield end, names, contents


@pytest.mark.parametrize("before", [1, 4])
def test_a_power_cut_at_any_instant_leaves_a_whole_checkpoint(
    tmp_path, monkeypatch, before
):
    folder, disk = tmp_path / "checkpoints", TracedDisk()
    for step in range(1, before + 1):
        save(folder, step)
    old = tmp_path / "old"
    shutil.copytree(folder, old)
    monkeypatch.setattr(atomic, "os", disk)
    save(folder, before + 1)
    monkeypatch.setattr(atomic, "os", os)
    acknowledged = len(disk.trace)
    seen = set()
    for n, (end, names, contents) in enumerate(disks_after_a_power_cut(disk.trace)):
        found_there = tmp_path / str(n)
        shutil.copytree(old, found_there)
        for name, inode in names.items():
            if inode is None:
                (found_there / name).unlink()
            else:
                (found_there / name).write_bytes(contents.get(inode, b""))
        found = checkpoint.load_newest(found_there)
        assert_is(found, before, before + 1)
        assert not found.skipped, "nothing half written is even taken for a checkpoint"
        if end == acknowledged:
            assert_is(found, before + 1)
        seen.add(found.step)
        shutil.rmtree(found_there)
    assert seen == {before, before + 1}


@pytest.mark.parametrize("fault", [Killed, errno.EIO, errno.ENOSPC])
def test_a_genome_file_is_the_old_one_or_the_new_one(tmp_path, monkeypatch, fault):
    path, n, is_done = tmp_path / "best_genome.npz", 0, False
    save_arrays(path, {"genome": np.zeros(3)})
    old = path.read_bytes()
    while not is_done:
        path.write_bytes(old)
        monkeypatch.setattr(atomic, "os", FaultyDisk(n, fault))
        try:
            save_arrays(path, {"genome": np.ones(3)})
            is_done = True
        except (OSError, Killed):
            pass
        monkeypatch.setattr(atomic, "os", os)
        values = load_arrays(path)["genome"].tolist()
        assert values == [1.0] * 3 if is_done else values in ([0.0] * 3, [1.0] * 3)
        n += 1
    assert n > 6


def test_a_full_disk_in_the_middle_of_a_row_spoils_neither_file_nor_run(
    tmp_path, monkeypatch
):
    with Run.start(tmp_path, "evo-l0", 0, {}, {}, {}) as run:
        generations = lambda: [row["generation"] for row in read_rows(run.path)]
        run.append([{"generation": 0}])
        monkeypatch.setattr(atomic, "os", FaultyDisk(0, errno.ENOSPC))
        with pytest.raises(OSError, match="No space left"):
            run.append([{"generation": 1}, {"generation": 2}])
        monkeypatch.setattr(atomic, "os", os)
        assert generations() == [0]
        run.append([{"generation": 1}])
        run.checkpoint(2, {}, {})
    with Run.resume(run.path) as run:
        assert generations() == [0, 1] and run.restored.step == 2


STREAMS = {"metrics": "generations.jsonl", "events": "events.jsonl"}


def step_of_a_run(run, step):
    """One unit of work: a row in one stream, two in the other, a checkpoint."""
    run.append([{"generation": step - 1}])
    run.append([{"event": 2 * step - 2}, {"event": 2 * step - 1}], "events")
    run.checkpoint(step, state(step), {"step": step})


@pytest.mark.parametrize("fault", [Killed, errno.EIO, errno.ENOSPC])
def test_all_streams_come_back_as_they_were_at_one_checkpoint(
    tmp_path, monkeypatch, fault
):
    """Whichever call of a unit of work fails, or is the last one ever made."""

    def patch(disk):
        monkeypatch.setattr(atomic, "os", disk)
        monkeypatch.setattr(rows, "os", disk)

    def attempt(n, disk):
        run = Run.start(tmp_path, "evo", 0, {}, {}, {}, streams=STREAMS, tag=str(n))
        with run:
            step_of_a_run(run, 1)
            patch(disk)
            try:
                step_of_a_run(run, 2)
            except (OSError, Killed):
                return run.path, False
            finally:
                patch(os)
        return run.path, True

    counting = FaultyDisk()
    attempt("counting", counting)
    assert counting.calls.count("fsync") == 2 + 4  # the streams, then the checkpoint
    for n in range(len(counting.calls)):
        path, was_saved = attempt(n, FaultyDisk(n, fault))
        with Run.resume(path) as run:
            step = run.restored.step
            assert_is(run.restored, *([2] if was_saved else [1, 2]))
            events = [row["event"] for row in read_rows(path, "events")]
            assert events == list(range(2 * step))
            assert len(list(read_rows(path))) == step
            step_of_a_run(run, 3)
        with Run.resume(path) as run:
            assert_is(run.restored, 3)
