"""Runs made by koki2 at f8b362b: complete ones are read, unfinished ones explained."""

import hashlib
import json
import pathlib
import shutil

import numpy as np
import pytest

from koki2.runlog import (
    InputError,
    list_runs,
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

FIXTURES = pathlib.Path(__file__).parents[1] / "fixtures" / "runs_f8b362b"
KINDS = ("evo", "qd")


@pytest.mark.parametrize("kind", KINDS)
def test_a_complete_run_is_read(kind):
    run = FIXTURES / kind
    assert read_kind(run) == kind and read_objects(run) == {}
    assert read_config(run)["config"]["loop"]["generations"] == 3
    assert read_manifest(run)["git"]["commit"].startswith("f8b362b")
    rows = list(read_rows(run))
    assert [row["generation"] for row in rows] == [0, 1, 2]
    assert rows[-1]["best_fitness"] == read_summary(run)["best_fitness"]
    assert [row["generation"] for row in read_timing(run)] == [2, 3]
    assert read_genome(run, "best")["obs_w"].dtype == np.float32
    with pytest.raises(InputError, match=r"must be one of \['metrics'\]"):
        read_rows(run, "events")


def test_its_artifacts_are_read_by_name():
    assert read_artifact(FIXTURES / "evo", "mean_genome")["motor_b"].ndim == 1
    assert read_artifact(FIXTURES / "qd", "archive")["filled"].sum() == 6


def test_complete_runs_are_listed():
    evo, qd = list_runs(FIXTURES)
    assert (evo.kind, evo.status, evo.units) == ("evo", "complete", 3)
    assert (qd.kind, qd.status, qd.units) == ("qd", "complete", 3)
    assert qd.last["coverage"] == 0.375 and qd.last["status"] == "complete"


@pytest.mark.parametrize("kind", KINDS)
def test_a_complete_run_is_opened_as_it_stands(tmp_path, kind):
    shutil.copytree(FIXTURES / kind, tmp_path / kind)
    with Run.resume(tmp_path / kind) as run:
        assert (run.kind, run.streams) == (kind, {"metrics": "generations.jsonl"})
        assert run.summary["status"] == "complete" and run.restored is None


def test_an_unfinished_run_says_why_it_is_not_resumed_and_is_left_alone(tmp_path):
    path = shutil.copytree(FIXTURES / "evo", tmp_path / "evo")
    (path / "summary.json").unlink()
    (path / "checkpoints").mkdir()
    header = {"format": 1, "step": 2, "meta": {}, "npz": {}}
    text = json.dumps(header, separators=(",", ":"), sort_keys=True)
    header["sha256"] = hashlib.sha256(text.encode()).hexdigest()
    (path / "checkpoints" / "step_00000002.json").write_text(json.dumps(header))
    rows = (path / "generations.jsonl").read_bytes()
    with pytest.raises(InputError, match="older koki2 .* replays from the start"):
        Run.resume(path)
    assert (path / "generations.jsonl").read_bytes() == rows
