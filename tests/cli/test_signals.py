"""Signals to a real process, whose evolution is the slow fake."""

import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

from koki2 import runlog

HERE = pathlib.Path(__file__).parent
CODE = """
import sys
import fake_evolution
from koki2.cli import main
fake_evolution.install(setattr)
sys.exit(main())
"""


@pytest.fixture
def start(tmp_path):
    """Starts a run whose chunks last `pause` seconds, and waits for its first one."""
    started = []

    def call(*words, pause, rows=1):
        path = f"{HERE.parents[1]}{os.pathsep}{HERE}"
        process = subprocess.Popen(
            [sys.executable, "-c", CODE, *words],
            env=os.environ | {"PYTHONPATH": path, "FAKE_PAUSE": str(pause)},
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        file, deadline = tmp_path / "run" / "generations.jsonl", time.monotonic() + 60
        while not file.exists() or file.read_bytes().count(b"\n") < rows:
            assert process.poll() is None, process.communicate()[1]
            assert time.monotonic() < deadline
            time.sleep(0.02)
        return process

    yield call
    for process in started:
        process.kill()
        process.communicate()


WORDS = ("evo-l0", "--out-dir", "run", "--generations", "40", "--checkpoint-every", "2")


@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_the_run_after_a_checkpoint(start, tmp_path, number, code):
    process = start(*WORDS, pause=0.2)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == code, err
    assert "next: koki2 resume run" in out and "Traceback" not in err
    with runlog.Run.resume(tmp_path / "run") as run:
        rows = list(runlog.read_rows(run.path))
        assert run.restored.step == len(rows) < 40, "all that was done is acknowledged"


def test_a_signal_still_gets_one_json_object(start):
    process = start(*WORDS, "--json", pause=0.2)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out.count("\n") == 1 and '"status":"interrupted"' in out


def test_a_second_signal_stops_at_once(start, tmp_path):
    process = start(*WORDS, pause=30, rows=0)
    time.sleep(0.5)  # into the first chunk
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    assert process.poll() is None
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert time.monotonic() - began < 10
    assert process.returncode == 130 and "stopped at once" in err
    assert list(runlog.read_rows(tmp_path / "run")) == []


def test_a_batch_that_is_stopped_can_be_resumed_seed_by_seed(tmp_path):
    path = f"{HERE.parents[1]}{os.pathsep}{HERE}"
    process = subprocess.Popen(
        [sys.executable, "-c", CODE, "batch-evo-l0", "--seed-count", "3"],
        env=os.environ | {"PYTHONPATH": path, "FAKE_PAUSE": "0.3"},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not process.stderr.readline().startswith("seed 0"):
        assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 143
    resumable = [line for line in out.splitlines() if line.startswith("next: ")]
    assert len(resumable) == 3


@pytest.mark.clock
def test_a_second_resume_is_refused_in_under_a_second(start, tmp_path):
    process = start(*WORDS, pause=0.5)
    path = f"{HERE.parents[1]}{os.pathsep}{HERE}"
    began = time.monotonic()
    second = subprocess.run(
        [sys.executable, "-c", CODE, "resume", "run"],
        env=os.environ | {"PYTHONPATH": path},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert time.monotonic() - began < 1
    assert second.returncode == 2 and "one writer at a time" in second.stderr
    assert process.poll() is None
