"""`koki2 sweep`: what it writes and prints, and what it refuses before any work."""

import csv
import sys

import counting
import pytest

from koki2.reports import heldout
from koki2.session.kinds import KINDS

WALK = """
kind = "counting"
[grid]
walk.step = [1, 2]
seed = [0, 1, 2]
"""
EVO = """
world = "chemotaxis-l0.2"
[env]
steps = 8
[agent]
n_neurons = 4
k_edges = 2
[search]
pop_size = 4
[loop]
generations = 2
episodes = 1
checkpoint_every = 2
[grid]
seed = [0, 1]
"""


@pytest.fixture
def walk(home):
    KINDS.register("counting", counting.KIND)
    (home / "walk.toml").write_text(WALK)
    yield home
    KINDS.remove("counting")


def test_it_leaves_a_table_and_a_plot_and_prints_intervals(koki2, walk):
    said = koki2("sweep walk.toml")
    assert said.code == 0, said.err
    out = walk / "runs" / "sweep_walk"
    with (out / "sweep.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["walk.step"], row["seed"]) for row in rows][2:4] == [
        ("1.0", "2"),
        ("2.0", "0"),
    ]
    assert {row["status"] for row in rows} == {"complete"}
    assert (out / rows[0]["run"] / "summary.json").exists()
    assert (out / "sweep.png").read_bytes()[:4] == b"\x89PNG"
    lines = said.out.splitlines()
    assert lines[0].split() == ["walk.step", "seeds", "total"]
    assert lines[1].startswith("1.0") and "[" in lines[1]
    assert lines[3] == "total, less that of walk.step 1.0, paired by seed"
    heads = ["walk.step", "seeds", "difference", "p", "Holm", "flips"]
    assert lines[4].split() == heads and lines[5].startswith("2.0")


def test_json_says_cells_and_intervals(koki2, walk):
    said = koki2("sweep walk.toml --json --column unit").json
    assert said["status"] == "complete" and len(said["cells"]) == 6
    one = said["groups"][0]
    assert one["settings"] == {"walk.step": 1.0} and one["seeds"] == [0, 1, 2]
    assert one["intervals"]["unit"]["mean"] == 5.0  # the last of six
    (gap,) = said["contrasts"]
    assert gap["settings"] == {"walk.step": 2.0}
    assert (gap["mean"], gap["p"], gap["p_holm"], gap["wins"]) == (0.0, 1.0, 1.0, 0)


@pytest.mark.parametrize(
    "words, problem",
    [
        ("sweep nowhere.toml", "nowhere.toml cannot be read"),
        ("sweep walk.toml --column fitness", "--column must be one of unit, total"),
        ("sweep walk.toml --jobs 0", "--jobs must be an integer >= 1"),
        ("sweep walk.toml --episodes 8", "must be of runs that leave genomes"),
        ("sweep bad.toml", "bad.toml has 2 problems:\n  walk.step must be"),
    ],
)
def test_bad_input_is_refused_before_any_work(koki2, walk, words, problem):
    (walk / "bad.toml").write_text(WALK.replace("[1, 2]", "[0, 'a']"))
    said = koki2(words)
    assert said.code == 2 and problem in said.err
    assert not (walk / "runs").exists()


def test_jobs_need_submitit_and_a_cluster(koki2, walk, monkeypatch):
    monkeypatch.setenv("PATH", str(walk))
    said = koki2("sweep walk.toml --slurm")
    assert said.code == 2 and "there is no srun here" in said.err
    monkeypatch.setitem(sys.modules, "submitit", None)
    said = koki2("sweep walk.toml --slurm")
    needed = "--slurm needs submitit, which is not here: pip install 'koki2[slurm]'."
    assert said.code == 2 and said.err == f"koki2 sweep: {needed}\n"
    assert not (walk / "runs").exists()


def test_finished_cells_are_evaluated_once(koki2, home, monkeypatch):
    (home / "small.toml").write_text(EVO)
    said = koki2("sweep small.toml --episodes 4 --eval-seed 7 --json")
    assert said.code == 0, said.err
    cells = said.json["cells"]
    run = home / "runs" / "sweep_small" / cells[0]["run"]
    kept = heldout.read_means(run, 7, 4)
    assert kept["mean"]["mean_fitness"] == cells[0]["unseen_mean_fitness"]
    judged = koki2(
        f"eval-run --run-dir {run} --episodes 4 --seed 7 --baseline-policy none --json"
    ).json["evaluations"][0]["genomes"]
    assert judged["mean"]["mean_fitness"] == cells[0]["unseen_mean_fitness"]
    monkeypatch.setattr(heldout, "live", None)  # a call would fail
    again = koki2("sweep small.toml --episodes 4 --eval-seed 7 --json")
    assert again.json == said.json


def test_objects_that_a_file_alone_names_are_not_loaded(koki2, home):
    (home / "evil.py").write_text("import pathlib\npathlib.Path('ran').touch()\n")
    axis = "\n[grid]\nseed = [0]\n"
    for text in ('world = "evil.py:w"', '[search]\nstrategy = "evil.py:w"'):
        (home / "mine.toml").write_text(text + axis)
        said = koki2("sweep mine.toml")
        assert said.code == 2 and "again: --objects evil.py:w" in said.err
        (home / "config.toml").write_text(text)
        assert koki2("evo-l0 --config config.toml").code == 2
    (home / "mine.toml").write_text('world = "os:system"' + axis)
    assert "--objects os:system" in koki2("sweep mine.toml").err
    assert {path.name for path in home.iterdir()} == {
        *("evil.py", "mine.toml", "config.toml")
    }
    (home / "mine.toml").write_text('world = "evil.py:w"' + axis)
    said = koki2("sweep mine.toml --objects evil.py:w")
    assert said.code == 2 and "evil.py must define w" in said.err
    assert (home / "ran").exists()
