"""kill -9 at random instants: a run taken up again ends as if it never had been."""

import os
import pathlib
import random
import subprocess
import sys
import time

import pytest
from forked import Forked

HERE = pathlib.Path(__file__).parent
FAKE = """
import sys
import fake_evolution
from koki2.cli import main
fake_evolution.install(setattr)
sys.exit(main())
"""
WORLD = f"{HERE.parents[1] / 'docs' / 'add_your_own' / 'my_world.py'}:line"
REAL = "import sys; from koki2.cli import main; sys.exit(main())"
SMALL = "--generations 120 --checkpoint-every 3 --pop-size 16"
SMALL += " --n-neurons 8 --k-edges 2"

PER = {"evo": "pop", "qd": "batch"}  # --pop-size, --batch-size
KILLS, PARTS = 200, 4  # of each kind; the parts run side by side
TRAINING = "train --layers 1 --heads 1 --dim 8 --block 8 --batch 2 --iters 600 --force"
TRAINING += " --metrics-interval 5 --checkpoint-every 5 --eval-interval 15"
TRAINING += " --eval-iters 2 --sample-tokens 4"


class Line:
    """A command line in processes of its own."""

    def __init__(self, code, folder):
        path = f"{HERE.parents[1]}{os.pathsep}{HERE}"
        new = {"PYTHONPATH": path, "FAKE_PAUSE": "0.02"}
        self.code, self.folder = code, folder
        self.environment = os.environ | new

    def start(self, *words):
        return subprocess.Popen(
            [sys.executable, "-c", self.code, *words],
            env=self.environment,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *words):
        process = self.start(*words)
        _, err = process.communicate()
        assert process.returncode == 0, err


def bits(run):
    skipped = {"manifest.json", "timing.jsonl", ".lock", "config.json"}
    return {
        str(path.relative_to(run)): path.read_bytes()
        for path in sorted(run.rglob("*"))
        if path.is_file() and path.name not in skipped
    }


@pytest.mark.parametrize(
    "code, kills, world, words",
    [
        pytest.param(FAKE, 2, None, "--generations 60 --checkpoint-every 2", id="fake"),
        pytest.param(REAL, 1, WORLD, SMALL, id="a world of one's own"),
    ],
)
def test_a_killed_run_ends_in_the_files_of_one_that_was_not(
    tmp_path, code, kills, world, words
):
    koki2, random_ = Line(code, tmp_path), random.Random(0)
    named = ["evo", world] if world else ["evo-l0"]
    words = [*named, *words.split(), "--out-dir"]
    koki2(*words, "whole")  # and everything is compiled
    rows = tmp_path / "whole" / "generations.jsonl"
    size, whole, in_the_middle = rows.stat().st_size, bits(tmp_path / "whole"), 0
    for n in range(kills):
        run, until = tmp_path / str(n), random_.random() * size
        process = koki2.start(*words, str(n))
        while process.poll() is None:
            file = run / "generations.jsonl"
            if file.exists() and file.stat().st_size >= until:
                time.sleep(random_.random() * 0.02)
                break
            time.sleep(0.002)
        process.kill()
        process.communicate()
        in_the_middle += not (run / "summary.json").exists()
        koki2("resume", str(n), *(["--world", world] if world else []))
        assert bits(run) == whole
    assert in_the_middle >= kills / 2


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("command", ["evo", "qd"])
def test_two_hundred_kills_change_no_byte(tmp_path, command, part):
    """Of runs that are taken up again after every kill until they are complete."""
    words = [command, "chemotaxis", *SMALL.replace("pop", PER[command]).split()]
    kill_often(tmp_path, words, "generations.jsonl", KILLS // PARTS, part)


@pytest.mark.slow
def test_twenty_kills_of_a_training_change_no_byte(tmp_path):
    kill_often(tmp_path, TRAINING.split(), "metrics.jsonl", 20, 0)


def kill_often(folder, words, file, kills_wanted, seed):
    """Kills a run at random points, takes it up again, and compares what it leaves."""
    random_ = random.Random(seed)
    assert Forked(folder, *words, "--out-dir", "whole").wait() == 0
    whole, run, kills, runs = bits(folder / "whole"), None, 0, 0
    size = (folder / "whole" / file).stat().st_size
    while kills < kills_wanted or not is_complete(run):
        if run is None or is_complete(run):
            run, runs = folder / str(runs), runs + 1
        begun = (run / "config.json").exists()
        process = Forked(
            folder,
            *(["resume", run.name] if begun else [*words, "--out-dir", run.name]),
        )
        rows = run / file
        until = random_.random() * size / 4
        until += rows.stat().st_size if rows.exists() else 0
        while process.is_running():
            if kills < kills_wanted and rows.exists() and rows.stat().st_size >= until:
                time.sleep(random_.random() * 0.02)
                break
            time.sleep(0.002)
        if kills < kills_wanted:
            process.kill()
        code = process.wait()
        assert code in (0, -9), process.err.read_text()
        kills += code == -9
        if is_complete(run):
            assert bits(run) == whole, f"run {run.name}, after {kills} kills"
    print(f"{words[0]}: {kills} kills of {runs} runs")


def is_complete(run):
    return run is not None and (run / "summary.json").exists()
