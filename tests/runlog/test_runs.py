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
    jsontext,
    LockedError,
    manifest,
    read_artifact,
    read_config,
    read_genome,
    read_kind,
    read_manifest,
    read_objects,
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
    streams = {"metrics": "generations.jsonl", "events": "events.jsonl"}
    run = Run.start("unused", "evo-l0", 7, {}, {}, {}, streams=streams, out_dir=path)
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
        run.append([{"state": int(x)} for x in state if x % 2], "events")
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
    assert whole == killed and len(whole) == 6 + 6
    assert len(whole["generations.jsonl"].splitlines()) == 80


def test_a_kill_between_the_last_save_and_its_clean_up_leaves_no_trace(tmp_path):
    def end(name, killed):
        with start(tmp_path, out_dir=tmp_path / name) as run:
            checkpoints = run.path / "checkpoints"
            for step in range(1, 5):
                run.append([{"generation": step}])
                oldest = {p: p.read_bytes() for p in checkpoints.glob("*00000001.*")}
                run.checkpoint(step, {"state": np.full(2, step)}, {})
        if killed:  # all but the clean-up of the last save was done
            for path, data in oldest.items():
                path.write_bytes(data)
            (checkpoints / "step_00000005.npz").write_bytes(b"no header follows")
        with Run.resume(tmp_path / name) as run:
            assert run.restored.step == 4
            run.finish({})
        clocked = (".lock", "manifest.json")
        return {n: data for n, data in files(run.path).items() if n not in clocked}

    whole, killed = end("whole", False), end("killed", True)
    assert whole == killed and len(whole) == 4 + 6


def test_the_room_is_entered_without_jax_or_numpy():
    script = (
        "import sys, koki2.runlog as runlog;"
        "runlog.manifest(command='a', argv=[], seed=0, config={}, devices=[]);"
        "print({'jax', 'numpy', 'pandas', 'scipy'} & set(sys.modules))"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout == "set()\n"


STREAMS = {"metrics": "steps.jsonl", "events": "events.jsonl"}
WORLD = {"world": {"name": "my_world.py:line", "sha256": "0" * 64}}


def test_a_run_of_any_kind_keeps_its_kind_streams_objects_and_artifacts(tmp_path):
    with start(tmp_path, kind="train", streams=STREAMS, objects=WORLD) as run:
        run.append([{"step": 0}])
        run.append([{"germinated": 3}, {"germinated": 5}], "events")
        run.checkpoint(1, {"mean": np.ones(3)}, {})
        run.save_artifact("weights_2", {"w": np.ones(2)})
        with pytest.raises(InputError, match=r"one of \['events', 'metrics'\]"):
            run.append([{}], "timing")
        for name in ("../weights", "Weights", "", "a.b", "a" * 65):
            with pytest.raises(InputError, match="name of an artifact must be"):
                run.save_artifact(name, {})
    assert read_kind(run.path) == "train" and read_objects(run.path) == WORLD
    assert list(read_rows(run.path)) == [{"step": 0}]
    events = [row["germinated"] for row in read_rows(run.path, "events")]
    assert events == [3, 5]
    assert read_artifact(run.path, "weights_2")["w"].tolist() == [1, 1]
    with pytest.raises(InputError, match=r"must be one of \['events', 'metrics'\]"):
        read_rows(run.path, "generations")
    with Run.resume(run.path) as again:
        assert (again.kind, again.objects, again.streams) == ("train", WORLD, STREAMS)


@pytest.mark.parametrize(
    "change, words",
    [
        ({"kind": "../evo"}, "kind of a run must be"),
        ({"streams": {"events": "events.jsonl"}}, 'streams must have "metrics"'),
        ({"streams": {"metrics": "../rows.jsonl"}}, "file of metrics must be"),
        ({"streams": {"metrics": "config.json"}}, r"must end in \.jsonl"),
        ({"streams": {"metrics": "timing.jsonl"}}, "a file of its own"),
        ({"streams": STREAMS | {"births": "steps.jsonl"}}, "a file of its own"),
    ],
)
def test_what_names_no_file_of_the_run_starts_none(tmp_path, change, words):
    with pytest.raises(InputError, match=words):
        start(tmp_path, **change)
    assert not list(tmp_path.iterdir())


def edited(path, name, change):
    """Changes a file of a run as one would by hand, digests that are plain included."""
    document = json.loads((path / name).read_text())
    change(document)
    (path / name).write_text(json.dumps(document))


@pytest.mark.parametrize(
    "name, change, field",
    [
        ("config.json", lambda d: d.update(kind="qd"), "kind"),
        ("config.json", lambda d: d.update(objects=WORLD), "identity"),
        ("manifest.json", lambda d: d.update(seed=8), "seed"),
        ("manifest.json", lambda d: d.update(command="qd"), "identity"),
        ("manifest.json", lambda d: d["git"].update(commit="0ff1ce"), "identity"),
        ("manifest.json", lambda d: d["versions"].update(koki2="9"), "identity"),
    ],
)
def test_a_checkpoint_of_another_run_is_refused_and_the_field_named(
    tmp_path, name, change, field
):
    path = three_checkpoints(tmp_path)
    edited(path, name, change)
    with pytest.raises(BrokenRunError, match=f"another run: .*its {field} is"):
        Run.resume(path)
    assert len(list(read_rows(path))) == 3


def test_another_config_under_a_digest_to_match_is_refused(tmp_path):
    path = three_checkpoints(tmp_path)
    config = {"lr": 0.2}
    edited(path, "config.json", lambda d: d.update(config=config))
    digest = jsontext.digest(config)
    edited(path, "manifest.json", lambda d: d.update(config_digest=digest))
    with pytest.raises(BrokenRunError, match="another run: its config_digest is"):
        Run.resume(path)


def test_a_stream_more_or_less_than_the_checkpoint_s_is_refused(tmp_path):
    path = three_checkpoints(tmp_path)
    streams = {"metrics": "generations.jsonl", "events": "events.jsonl"}
    edited(path, "manifest.json", lambda d: d.update(streams=streams))
    with pytest.raises(BrokenRunError, match="its streams are"):
        Run.resume(path)
    edited(path, "manifest.json", lambda d: d.update(streams={"metrics": "../x"}))
    with pytest.raises(BrokenRunError, match="names no row streams"):
        Run.resume(path)


def test_host_devices_flags_and_a_later_commit_do_not_keep_a_run_from_going_on(
    tmp_path, monkeypatch
):
    path = three_checkpoints(tmp_path)

    def change(document):
        document["devices"] = ["cuda:0"]
        document["environment"] = {"XLA_FLAGS": "--xla_of_tomorrow"}
        document["platform"]["machine"] = document["cpu"]["model"] = "another"

    edited(path, "manifest.json", change)
    with Run.resume(path) as run:
        assert run.restored.step == 3
