"""Complete runs made by koki2 at f8b362b work with today's commands."""

import pathlib
import shutil

import pytest

from koki2 import runlog
from koki2.runlog import jsontext

OLD = pathlib.Path(__file__).parents[1] / "fixtures" / "runs_f8b362b"
OTHERS = ("float16", "float64", "int32")


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


@pytest.mark.parametrize(
    "dtype",
    ["complex64", *(pytest.param(n, marks=pytest.mark.slow) for n in OTHERS)],
)
def test_genomes_of_another_type_than_float32_are_refused(koki2, home, dtype):
    for kind, name, words in (
        ("evo", "best_genome", "eval-run --run-dir evo --episodes 1 --genome best"),
        ("evo", "best_genome", "replay-life evo --steps-max 1 --out life.gif"),
        ("qd", "archive", "export qd --out files"),
        ("qd", "archive", "replay-life qd --cell 0 --out life.gif"),
    ):
        shutil.copytree(OLD / kind, home / kind, dirs_exist_ok=True)
        path = home / kind / f"{name}.npz"
        arrays = runlog.load_arrays(path)
        kept = ("filled", "birth", "descriptor", "centre", "fitness")
        cast = {n: a if n in kept else a.astype(dtype) for n, a in arrays.items()}
        runlog.save_arrays(path, cast)
        said = koki2(words)
        assert said.code == 3, (words, said)
        assert "float32" in said.err and dtype in said.err
        assert not (home / "files").exists() and not (home / "life.gif").exists()


def test_the_list_of_runs_fits_and_tells_runs_apart(koki2, home):
    for kind in ("evo", "qd"):
        shutil.copytree(OLD / kind, home / "runs" / kind)
    long = "20260101T000000Z_evo_obstacles-l1.2_openai_es_seed7-a_word_of_mine"
    shutil.copytree(OLD / "evo", home / "runs" / long)
    said = koki2("runs")
    lines = said.out.splitlines()
    assert max(map(len, lines)) <= 100 and long in lines
    for words in (
        "complete  evo  chemotaxis  openai_es",
        "complete  qd   detour      iso_line",
    ):
        assert any(words in line for line in lines), said.out
    facts = koki2("runs --json").json["runs"][-1]
    assert (facts["world"], facts["kind"]) == ("detour", "qd")
    assert facts["seconds"] > 0 and facts["strategy"] and facts["started"]
