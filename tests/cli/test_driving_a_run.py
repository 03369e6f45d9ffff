import errno
import os

import numpy as np
import pytest

from koki2 import runlog
from koki2.cli import qd
from koki2.runlog import atomic
from koki2.session import driver
from koki2.session.settings import label

pytestmark = pytest.mark.usefixtures("fake")

WORDS = "evo-l0 --generations 7 --checkpoint-every 3 --seed 5"
CALLS = ("open", "write", "fsync", "close", "replace", "mkdir", "unlink", "ftruncate")


class Killed(BaseException):
    """Not an Exception: nothing of ours may believe that the process lives on."""


class FaultyDisk:
    """Stands in for `os` in runlog: the `n`-th call fails, or is the last of all."""

    def __init__(self, n=None, fault=None):
        self.n, self.fault, self.count, self.is_dead = n, fault, 0, False

    def __getattr__(self, name):
        real = getattr(os, name)
        return (lambda *args: self._call(name, real, *args)) if name in CALLS else real

    def _call(self, name, real, *args):
        if self.is_dead:
            if name == "close":  # the kernel does that for the dead
                return real(*args)
            raise Killed
        self.count += 1
        if self.count - 1 != self.n:
            return real(*args)
        if name == "write":  # half of it arrives
            real(args[0], bytes(args[1])[: len(args[1]) // 2])
        if name == "close":
            real(*args)
        if self.fault is Killed:
            self.is_dead = True
            raise Killed
        raise OSError(self.fault, os.strerror(self.fault))


def bits(run):
    """Every file of a run that no clock may have touched."""
    skipped = {"manifest.json", "timing.jsonl", ".lock"}
    return {
        str(path.relative_to(run)): path.read_bytes()
        for path in sorted(run.rglob("*"))
        if path.is_file() and path.name not in skipped
    }


def test_a_run_leaves_a_complete_folder(koki2, home):
    said = koki2(f"{WORDS} --out-dir run")
    assert said.code == 0
    assert "complete: 7 generations" in said.out
    assert "next: koki2 eval-run --run-dir run" in said.out
    rows = list(runlog.read_rows("run"))
    assert [row["generation"] for row in rows] == list(range(7))
    assert rows[0]["mvt_pass_rate"] is None and "valid" not in rows[0]
    summary = runlog.read_summary("run")
    assert summary == rows[-1] | {"generations": 7, "status": "complete"}
    assert list((home / "run" / "checkpoints").glob("*7.npz"))
    np.testing.assert_array_equal(
        runlog.read_genome("run", "best")["w"], np.full(2, rows[-1]["best_fitness"])
    )
    timing = [row["generation"] for row in runlog.read_timing("run")]
    assert timing == [3, 6, 7]
    manifest = runlog.read_manifest("run")
    assert manifest["seed"] == 5 and manifest["argv"] == ["koki2", *WORDS.split()] + [
        "--out-dir",
        "run",
    ]
    assert manifest["devices"] and manifest["strict_bits"] is False
    provenance = runlog.read_config("run")["provenance"]
    assert provenance["loop.generations"] == "flag"


def test_a_run_is_named_after_command_and_seed(koki2, home):
    assert koki2(WORDS).code == 0
    (run,) = (home / "runs").iterdir()
    assert run.name.endswith("_evo-l0_seed5")


@pytest.mark.parametrize(
    "words, name",
    [
        (["evo", "obstacles-l1.2"], "evo_obstacles-l1.2_openai_es_seed0"),
        (["evo", "my world.py:line"], "evo_my-world.py-line_openai_es_seed0"),
        (["batch-evo", "sparse", "--seeds", "0"], "batch-evo_sparse_openai_es_seed0"),
    ],
)
def test_a_run_in_a_chosen_world_is_named_after_both(koki2, home, words, name):
    (home / "my world.py").write_text("from koki2.envs import sparse as line\n")
    said = koki2(*words, "--generations", "2")
    assert said.code == 0, said.err
    (run,) = (home / "runs").iterdir()
    assert run.name.partition("_")[2] == name
    before, _, _ = said.err.partition("generation 1")
    assert f"runs/{run.name}\n" in before, "before it begins"


def test_a_run_of_qd_is_named_after_its_emitter(koki2, monkeypatch):
    seen = []
    monkeypatch.setattr(qd, "run", lambda options: seen.append(options) or 0)
    assert koki2("qd --seed 1 detour-l1.3").code == 0
    assert label(seen[0].settings) == "detour-l1.3_iso_line"


def test_json_is_one_object_and_progress_is_elsewhere(koki2):
    said = koki2(f"{WORDS} --json --out-dir run --log-every 2")
    assert said.json["status"] == "complete" and said.json["run"] == "run"
    assert said.json["seed"] == 5 and said.json["summary"]["generation"] == 6
    lines = [line for line in said.err.splitlines() if line.startswith("generation")]
    assert [line.split()[1] for line in lines] == ["2/7", "4/7", "6/7", "7/7"]


def test_runs_in_one_second_get_a_folder_each(koki2, home):
    assert [koki2(WORDS).code for _ in range(4)] == [0] * 4
    runs = list((home / "runs").iterdir())
    assert len(runs) == 4
    assert all(bits(run) == bits(runs[0]) for run in runs)


def test_a_batch_leaves_the_files_of_single_runs(koki2, home):
    said = koki2(
        "batch-evo-l0 --generations 7 --checkpoint-every 3 --seeds 5,6 --tag x"
    )
    assert said.code == 0, said.err
    assert koki2(f"{WORDS} --out-dir alone").code == 0
    five, six = sorted((home / "runs").iterdir(), key=lambda p: p.name[-7:])
    assert five.name.endswith("_batch-evo-l0_seed5-x")
    without_origin = lambda files: {  # headers and config name the command
        k: v for k, v in files.items() if not k.endswith(".json") or k == "summary.json"
    }
    assert without_origin(bits(five)) == without_origin(bits(home / "alone"))
    assert without_origin(bits(six)) != without_origin(bits(home / "alone"))
    assert str(five.name) in said.out


def test_a_batch_counts_seeds_from_a_start(koki2):
    said = koki2(
        "batch-evo-l0 --seed-start 7 --seed-count 2 --generations 2 --out-root r --json"
    )
    assert [run["seed"] for run in said.json["runs"]] == [7, 8]


def test_resuming_a_complete_run_changes_nothing(koki2, home):
    koki2(f"{WORDS} --out-dir run")
    before = bits(home / "run")
    said = koki2("resume run")
    assert said.code == 0 and "complete already" in said.out
    assert koki2("resume run --json").json["status"] == "complete"
    assert bits(home / "run") == before


def test_a_second_writer_is_refused(koki2, home):
    koki2(f"{WORDS} --out-dir run")
    with runlog.Run.resume("run"):
        said = koki2("resume run")
    assert said.code == 2 and "one writer at a time" in said.err


@pytest.mark.parametrize(
    "step", [11, pytest.param(1, marks=pytest.mark.slow, id="every call")]
)
@pytest.mark.parametrize("fault", [Killed, errno.ENOSPC])
def test_a_run_stopped_at_any_call_ends_as_if_it_had_not_been(
    koki2, home, monkeypatch, fault, step
):
    words = "evo-l0 --generations 4 --checkpoint-every 1 --seed 5 --out-dir"
    assert koki2(f"{words} whole").code == 0
    whole, n, was_resumed = bits(home / "whole"), 0, 0
    while True:
        run, disk = home / str(n), FaultyDisk(n, fault)
        monkeypatch.setattr(atomic, "os", disk)
        try:
            said = koki2(f"{words} {n}")
            assert "Traceback" not in said.err
            was_killed = said.code == 1
        except Killed:
            was_killed = True
        monkeypatch.setattr(atomic, "os", os)
        if disk.count <= n:
            break
        if was_killed and (run / "config.json").exists():  # else it never began
            said = koki2(f"resume {n}")
            assert said.code == 0, said.err
            assert bits(run) == whole
            was_resumed += 1
        n += step
    assert was_resumed > 60 // step


def test_a_full_disk_is_one_clear_line_and_what_to_do(koki2, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(runlog.Run, "checkpoint", full)
    said = koki2(f"{WORDS} --out-dir run")
    assert said.code == 1 and not said.out
    assert said.err.splitlines()[1:] == [
        "koki2 evo-l0: [Errno 28] No space left on device",
        "What was acknowledged is kept: koki2 resume run",
    ]


def test_a_bug_keeps_its_traceback(koki2, monkeypatch):
    monkeypatch.setattr(driver, "host_rows", lambda said: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        koki2(f"{WORDS} --out-dir run")


def test_a_checkpoint_of_another_search_is_broken(koki2, home):
    koki2(f"{WORDS} --out-dir run")
    (home / "run" / "summary.json").unlink()
    with runlog.Run.resume("run") as run:
        run.checkpoint(8, {"x": np.zeros(1)}, {})
    said = koki2("resume run")
    assert said.code == 3 and "this checkpoint holds" in said.err


def test_the_list_of_runs(koki2, home):
    assert "no runs under" in koki2("runs").out
    koki2(WORDS)
    said = koki2("runs")
    assert "complete" in said.out and "_evo-l0_seed5" in said.out
    (info,) = koki2("runs --json").json["runs"]
    assert (info["seed"], info["units"], info["status"]) == (5, 7, "complete")
    assert info["kind"] == "evo" and info["unit"] == "generation"
    assert set(info["headline"]) == {"best_fitness", "mean_fitness"}
