"""A run killed at any moment and resumed ends in the very bytes of one never killed."""

import os
import pathlib
import random
import signal
import subprocess
import sys
import time

import pytest

RUN = """evo-l0 --generations 240 --checkpoint-every 2 --pop-size 8 --episodes 1 --steps 16
    --n-neurons 8 --k-edges 2 --num-sources 2 --num-bad-sources 1 --seed 3""".split()
KEPT = ("generations.jsonl", "best_genome.npz", "mean_genome.npz", "summary.json")


def koki2(cache: pathlib.Path, *words):
    command = [sys.executable, "-m", "koki2", *map(str, words)]
    environment = {**os.environ, "JAX_COMPILATION_CACHE_DIR": str(cache)}
    pipe = subprocess.DEVNULL
    return subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe)


def files(run: pathlib.Path) -> dict[str, bytes]:
    checkpoints = sorted((run / "checkpoints").iterdir())
    return {
        str(path.relative_to(run)): path.read_bytes()
        for path in [*(run / name for name in KEPT), *checkpoints]
    }


@pytest.fixture(scope="module")
def unkilled(tmp_path_factory):
    """A whole run; its files, and how long its generations took."""
    root = tmp_path_factory.mktemp("unkilled")
    assert koki2(root / "cache", *RUN, "--out-dir", root / "warm").wait() == 0
    process = koki2(root / "cache", *RUN, "--out-dir", root / "run")
    seconds = _from_first_row(root / "run", process)
    return root / "cache", files(root / "run"), seconds


def _from_first_row(run: pathlib.Path, process) -> float:
    _wait_for_start(run, process)
    begun = time.monotonic()
    assert process.wait() == 0
    return time.monotonic() - begun


def _wait_for_start(run: pathlib.Path, process) -> None:
    while not (run / "config.json").exists():
        assert process.poll() is None, "the run ended before it began"
        time.sleep(0.005)


def check(points: int, unkilled, root: pathlib.Path) -> None:
    cache, wanted, seconds = unkilled
    dice = random.Random(points)
    stopped_halfway = 0
    for point in range(points):
        run = root / f"point{point}"
        process = koki2(cache, *RUN, "--out-dir", run)
        _wait_for_start(run, process)
        time.sleep(dice.uniform(0.0, seconds))
        process.send_signal(signal.SIGKILL)
        process.wait()
        stopped_halfway += not (run / "summary.json").exists()
        assert koki2(cache, "resume", run).wait() == 0
        got = files(run)
        assert got.keys() == wanted.keys()
        assert [name for name in wanted if got[name] != wanted[name]] == []
    assert stopped_halfway >= points // 2, "most kills came too late to test anything"


def test_a_few_kills_leave_no_trace(unkilled, tmp_path):
    check(3, unkilled, tmp_path)


@pytest.mark.slow
def test_thirty_kills_leave_no_trace(unkilled, tmp_path):
    check(30, unkilled, tmp_path)
