"""A run from start to finish: what is acknowledged stays, and stays the same."""

import json
import os
import random
import subprocess
import sys
import time

import numpy as np
import pytest

from koki2.runlog import (
    BrokenRunError,
    InputError,
    LockedError,
    manifest,
    read_config,
    read_genome,
    read_manifest,
    read_rows,
    read_summary,
    read_timing,
    Run,
)


def start(tmp_path, **more):
    facts = manifest(command="?", argv=["koki2"], seed=-1, config={}, devices=["cpu"])
    provenance = {"lr": "flag", "env.steps": "default"}
    config = {"lr": 0.1, "env": {"steps": 128}}
    return Run.start(tmp_path, "evo-l0", 7, config, provenance, facts, **more)


def files(path):
    found = (file for file in path.rglob("*") if file.is_file())
    return {str(file.relative_to(path)): file.read_bytes() for file in found}


def test_a_run_leaves_what_the_readers_read(tmp_path):
    with start(tmp_path, tag="wide") as run:
        run.append([{"generation": 0, "best_fitness": 1.5}])
        run.timing(step=1, seconds=0.25)
        run.checkpoint(1, {"mean": np.ones(3)}, {"best": 1.5})
        run.save_artifact("best_genome", {"genome": np.arange(3)})
        run.finish({"best_fitness": 1.5})
        with pytest.raises(InputError, match="is complete and takes nothing more"):
            run.append([{}])
    assert run.path.name.endswith("_evo-l0_seed7-wide")
    assert read_config(run.path)["config"] == {"lr": 0.1, "env": {"steps": 128}}
    assert read_config(run.path)["provenance"]["lr"] == "flag"
    assert read_manifest(run.path)["command"] == "evo-l0"
    assert read_manifest(run.path)["seed"] == 7
    assert list(read_rows(run.path)) == [{"generation": 0, "best_fitness": 1.5}]
    assert list(read_timing(run.path)) == [{"step": 1, "seconds": 0.25}]
    assert read_genome(run.path, "best")["genome"].tolist() == [0, 1, 2]
    assert read_summary(run.path) == {"best_fitness": 1.5, "status": "complete"}
    text = (run.path / "config.json").read_text()
    assert text.startswith(
        '{\n  "kind": "evo",\n  "config": {\n    "lr": 0.1,'
    ) and text.endswith("}\n")


def test_a_live_run_is_not_resumed_and_a_complete_one_only_looked_at(tmp_path):
    with start(tmp_path) as run:
        with pytest.raises(LockedError):
            Run.resume(run.path)
        run.append([{"generation": 0}])
        run.finish({})
    before = files(run.path)
    with Run.resume(run.path) as run:
        assert run.summary == {"status": "complete"} and run.restored is None
    assert {**files(run.path), ".lock": b""} == {**before, ".lock": b""}


def test_a_run_without_a_checkpoint_begins_anew(tmp_path):
    with start(tmp_path) as run:
        run.append([{"generation": 0}])
    with Run.resume(run.path) as run:
        assert run.restored is None and not list(read_rows(run.path))


def test_rows_are_durable_before_the_checkpoint_that_counts_them(tmp_path, monkeypatch):
    with start(tmp_path) as run:
        happened, real = [], os.fsync

        def fsync(file):
            happened.append(os.path.basename(os.readlink(f"/proc/self/fd/{file}")))
            real(file)

        run.append([{"generation": 0}])
        monkeypatch.setattr(os, "fsync", fsync)
        run.checkpoint(1, {}, {})
        run.append([{"generation": 1}])
        run.finish({})
    order = ["generations.jsonl", ".step_00000001.npz", ".step_00000001.json"]
    order += ["generations.jsonl", ".summary.json"]
    files = [name for name in happened if ".json" in name or ".npz" in name]
    for name, wanted in zip(files, order, strict=True):
        assert name.startswith(wanted)


def three_checkpoints(tmp_path):
    with start(tmp_path) as run:
        for step in (1, 2, 3):
            run.append([{"generation": step - 1}])
            run.checkpoint(step, {"mean": np.full(3, step)}, {})
    return run.path


def test_a_damaged_checkpoint_costs_its_rows_and_a_note_but_not_the_run(tmp_path):
    path = three_checkpoints(tmp_path)
    (path / "checkpoints" / "step_00000003.npz").write_bytes(b"")
    with Run.resume(path) as run:
        assert run.restored.step == 2 and "step_00000003" in run.notes[0]
        assert [row["generation"] for row in read_rows(path)] == [0, 1]


def test_rows_changed_since_they_were_acknowledged_are_not_built_upon(tmp_path):
    path = three_checkpoints(tmp_path)
    rows = path / "generations.jsonl"
    rows.write_bytes(rows.read_bytes().replace(b"2", b"7"))
    with Run.resume(path) as run:  # the third row is not what it was: go on from two
        assert run.restored.step == 2 and "not those that were ack" in run.notes[0]
    rows.write_bytes(rows.read_bytes().replace(b"0", b"7"))
    before = files(path)
    with pytest.raises(BrokenRunError, match="none of 3 can be used"):
        Run.resume(path)
    assert {**files(path), ".lock": b""} == {**before, ".lock": b""}


def test_a_config_edited_after_the_start_is_not_resumed(tmp_path):
    path = three_checkpoints(tmp_path)
    config = json.loads((path / "config.json").read_text())
    config["config"]["lr"] = 0.2
    (path / "config.json").write_text(json.dumps(config))
    with pytest.raises(BrokenRunError, match="config.json should have the digest"):
        Run.resume(path)


@pytest.mark.parametrize("name", ["config.json", "manifest.json"])
@pytest.mark.parametrize(
    "text, words",
    [(None, "is missing"), ("{", "should be JSON"), ("[]", "should hold a JSON obj")],
)
def test_a_folder_that_is_no_run_names_the_file_it_lacks(tmp_path, name, text, words):
    path = three_checkpoints(tmp_path)
    (path / name).unlink() if text is None else (path / name).write_text(text)
    with pytest.raises(BrokenRunError, match=f"{name} {words}"):
        Run.resume(path)
    with pytest.raises(InputError, match="is no folder"):
        Run.resume(tmp_path / "nowhere")


def test_what_cannot_be_written_starts_no_run(tmp_path):
    with pytest.raises(
        InputError, match=r"a value to digest\.lr must be a plain value"
    ):
        Run.start(tmp_path / "runs", "evo-l0", 0, {"lr": np.ones(1)}, {}, {})
    with start(tmp_path, out_dir=tmp_path / "mine"):
        pass
    with pytest.raises(InputError, match="must have a new or empty folder"):
        start(tmp_path, out_dir=tmp_path / "mine")
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


WORKER = """
import hashlib, sys
import numpy as np
from koki2.runlog import Run

path = sys.argv[1]
try:
    run = Run.resume(path)
except ValueError:
    run = Run.start("unused", "evo-l0", 7, {}, {}, {}, out_dir=path)
step, best, state = 0, -np.inf, np.zeros(8, np.uint8)
if run.restored:
    step, best = run.restored.step, run.restored.meta["best"]
    state = run.restored.arrays["state"]
while run.summary is None and step < 80:
    for step in range(step + 1, step + 3):
        digest = hashlib.sha256(state.tobytes()).digest()
        state = np.frombuffer(digest[:8], np.uint8).copy()
        best = max(best, float(state[0]))
        run.append([{"generation": step - 1, "best_fitness": best}])
    run.checkpoint(step, {"state": state}, {"best": best})
    run.timing(step=step)
if run.summary is None:
    run.save_artifact("best_genome", {"genome": state})
    run.finish({"best_fitness": best})
"""


def test_a_run_killed_again_and_again_ends_as_one_never_stopped(tmp_path):
    def work(name):
        command = [sys.executable, "-c", WORKER, str(tmp_path / name)]
        return subprocess.Popen(command, stderr=subprocess.PIPE)

    def chunks():
        timing = tmp_path / "killed" / "timing.jsonl"
        return timing.read_bytes().count(b"\n") if timing.exists() else 0

    with work("whole") as process:
        assert process.wait() == 0, process.stderr.read()
    rng, kills = random.Random(0), 0
    while not (tmp_path / "killed" / "summary.json").exists():
        with work("killed") as process:
            enough = chunks() + rng.randint(1, 8)
            while chunks() < enough and process.poll() is None:
                time.sleep(0.001)
            time.sleep(0.005 * rng.random())
            process.kill()
            kills += process.wait() != 0
            error = process.stderr.read()
            assert not error, error
    assert kills > 1
    with work("killed") as process:
        assert process.wait() == 0
    whole, killed = files(tmp_path / "whole"), files(tmp_path / "killed")
    for name in (".lock", "timing.jsonl"):
        whole.pop(name), killed.pop(name)
    assert whole == killed and len(whole) == 6 + 5
    assert len(whole["generations.jsonl"].splitlines()) == 80


def test_the_room_is_entered_without_jax_or_numpy():
    script = (
        "import sys, koki2.runlog as runlog;"
        "runlog.manifest(command='a', argv=[], seed=0, config={}, devices=[]);"
        "print({'jax', 'numpy', 'pandas', 'scipy'} & set(sys.modules))"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout == "set()\n"
