"""Complete runs made by koki2 at f8b362b work with today's commands."""

import pathlib
import shutil

import pytest

from koki2.runlog import jsontext

OLD = pathlib.Path(__file__).parents[1] / "fixtures" / "runs_f8b362b"


@pytest.fixture(params=["evo", "qd"])
def run(request, home):
    shutil.copytree(OLD / request.param, home / request.param)
    return request.param


def test_it_is_listed_drawn_judged_filmed_and_traced_back(koki2, run, home):
    info = next(
        r for r in koki2("runs --runs-dir . --json").json["runs"] if r["path"] == run
    )
    assert (info["kind"], info["status"], info["unit"]) == (
        run,
        "complete",
        "generation",
    )
    assert info["units"] == 3 and "best_fitness" in info["headline"]
    for words in (
        f"plot {run} --out p.png",
        f"eval-run --run-dir {run} --episodes 2",
        f"lineage {run}",
        f"replay-life {run} --steps-max 3 --out life.gif",
    ):
        said = koki2(words)
        assert said.code == 0, (words, said.err)
    assert koki2(f"resume {run} --json").json["status"] == "complete"


def test_its_archive_is_exported(koki2, home):
    shutil.copytree(OLD / "qd", home / "qd")
    said = koki2("export qd --out files")
    assert said.code == 0, said.err


def test_one_that_was_not_finished_is_refused_in_words(koki2, run, home):
    (home / run / "summary.json").unlink()
    folder = home / run / "checkpoints"
    folder.mkdir()
    body = {"format": 1, "step": 3, "meta": {}, "npz": {"bytes": 0, "sha256": ""}}
    body |= {"sha256": jsontext.digest(body)}
    text = jsontext.encode(body, where="test", indent=2, sort_keys=True) + b"\n"
    (folder / "step_00000003.json").write_bytes(text)
    said = koki2(f"resume {run}")
    assert said.code in (2, 3) and "Traceback" not in said.err
    assert "older koki2" in said.err
