"""One writer at a time, and no lock outlives its holder."""

import fcntl
import os
import subprocess
import sys
import time

import pytest

from koki2.runlog import InputError, lock, LockedError
from koki2.runlog.lock import holder, Lock

HOLD = """
import sys
from koki2.runlog.lock import Lock
with Lock(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def other(tmp_path):
    """Another process, which holds the lock."""
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with subprocess.Popen(command, **pipes) as process:
        assert process.stdout.readline() == b"held\n"
        yield process
        process.kill()


def test_a_second_writer_is_refused_at_once_and_told_who_holds(tmp_path, other):
    before = time.monotonic()
    with pytest.raises(LockedError, match=f"written by process {other.pid} on"):
        Lock(tmp_path)
    assert time.monotonic() - before < 1.0
    assert issubclass(LockedError, InputError)
    assert holder(tmp_path).startswith(f"process {other.pid} on")


def test_kill_9_frees_the_lock(tmp_path, other):
    other.kill()
    other.wait()
    assert holder(tmp_path) is None
    with Lock(tmp_path):
        with pytest.raises(LockedError):
            Lock(tmp_path)  # not even the same process may
    Lock(tmp_path).release()


def test_asking_leaves_no_trace(tmp_path):
    assert holder(tmp_path) is None and holder(tmp_path / "missing") is None
    assert not list(tmp_path.iterdir())


def test_who_only_asks_does_not_stand_in_a_writer_s_way(tmp_path, monkeypatch):
    Lock(tmp_path).release()
    asking = os.open(tmp_path / ".lock", os.O_RDONLY)
    fcntl.flock(asking, fcntl.LOCK_SH)  # `holder` does so, for an instant
    monkeypatch.setattr(lock.time, "sleep", lambda _: os.close(asking))
    Lock(tmp_path).release()
