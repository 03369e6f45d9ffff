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

    def call(*words, pause, unit=0.0, rows=1):
        path = f"{HERE.parents[1]}{os.pathsep}{HERE}"
        process = subprocess.Popen(
            [sys.executable, "-c", CODE, *words],
            env=os.environ
            | {"PYTHONPATH": path, "FAKE_PAUSE": str(pause), "FAKE_UNIT": str(unit)},
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
def test_a_signal_stops_the_run_at_a_checkpoint(start, tmp_path, number, code):
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


@pytest.mark.parametrize("as_json", [False, True])
def test_before_the_first_checkpoint_a_signal_ends_the_run_at_once(
    start, tmp_path, as_json
):
    process = start(*WORDS, *["--json"] * as_json, pause=30, rows=0)
    time.sleep(0.5)  # into the first chunk
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert time.monotonic() - began < 5
    assert process.returncode == 130 and "stopped at once" in err
    assert ('"status":"interrupted"' if as_json else "next: koki2 resume run") in out
    with runlog.Run.resume(tmp_path / "run") as run:
        assert run.restored is None and list(runlog.read_rows(run.path)) == []


def test_a_second_signal_stops_at_once(start, tmp_path):
    process = start(*WORDS, pause=2)
    time.sleep(0.5)  # into the third chunk
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    assert process.poll() is None
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert time.monotonic() - began < 1.5
    assert process.returncode == 130
    assert "stopping within seconds" in err and "stopped at once" in err
    assert len(list(runlog.read_rows(tmp_path / "run"))) in (2, 4)


@pytest.mark.slow
def test_a_signal_does_not_wait_for_a_slow_chunk(start, tmp_path):
    words = [*WORDS[:-1], "12"]
    process = start(*words, pause=0, unit=1.0)
    time.sleep(1)
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert time.monotonic() - began < 5 and process.returncode == 143, err
    assert len(list(runlog.read_rows(tmp_path / "run"))) == 12, "whole chunks alone"
    assert "next: koki2 resume run" in out


@pytest.mark.slow
@pytest.mark.parametrize("command", ["evo", "batch-evo", "sweep", "eval-run"])
def test_a_signal_does_not_wait_for_xla(tmp_path, command):
    """The real thing, in the midst of its compilation; nothing is cached."""
    (tmp_path / "s.toml").write_text(
        'world = "chemotaxis"\n[loop]\ngenerations = 3\n[grid]\nseed = [0, 1]\n'
    )
    words = {
        "evo": "evo chemotaxis --preset l1-plastic --n-neurons 128 --k-edges 8",
        "batch-evo": "batch-evo chemotaxis --preset l1-plastic --n-neurons 128",
        "sweep": "sweep s.toml --jobs 2",
        "eval-run": "eval-run --run-dir run --episodes 8 --lesion gradient energy",
    }[command]
    call = [sys.executable, "-m", "koki2"]
    environment = os.environ | {"PYTHONPATH": str(HERE.parents[1])}
    environment.pop("JAX_COMPILATION_CACHE_DIR", None)
    environment["XDG_CACHE_HOME"] = str(tmp_path / "cache")
    run = lambda *words: subprocess.run(
        [*call, *words], env=environment, cwd=tmp_path, capture_output=True, text=True
    )
    if command == "eval-run":
        first = "evo chemotaxis --generations 1 --episodes 1 --out-dir run"
        assert run(*first.split()).returncode == 0
        compiled = set((tmp_path / "cache").rglob("*-cache"))
    process = subprocess.Popen(
        [*call, *words.split()],
        env=environment,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    has_begun = lambda: any(tmp_path.rglob("config.json"))
    if command == "eval-run":
        has_begun = lambda: set((tmp_path / "cache").rglob("*-cache")) - compiled
    while not has_begun():
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    time.sleep(1)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=100)
    assert time.monotonic() - began < 5
    assert process.returncode == 130 and "Traceback" not in err, err
    if command == "evo":
        (path,) = (tmp_path / "runs").iterdir()
        assert f"next: koki2 resume {path.relative_to(tmp_path)}" in out
        with runlog.Run.resume(path) as run:
            assert run.restored is None


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


def test_a_second_resume_is_refused_at_once(start, tmp_path):
    """Before JAX is there, which takes most of a second."""
    process = start(*WORDS, pause=0.5)
    code = "import sys; from koki2.cli import main; code = main(['resume', 'run']); "
    code += "print('jax' in sys.modules); sys.exit(code)"
    second = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(HERE.parents[1])},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert second.returncode == 2 and "one writer at a time" in second.stderr
    assert second.stdout == "False\n"
    assert process.poll() is None
