"""`koki2 qd` from a command line to what is done with its run folder."""

import csv
import json
import shutil

import numpy as np
import pytest

from koki2 import runlog
from koki2.cli import output
from koki2.session import driver, folders, kinds
from koki2.session.settings import Settings

WORDS = (
    "qd chemotaxis-l0.1 --width 6 --height 6 --steps 16 --n-neurons 8 --k-edges 2 "
    "--shape 4 4 --descriptors end_x end_y --batch-size 16 --init-sigma 3 "
    "--iso-sigma 1 --generations 6 --episodes 2 --checkpoint-every 2 --out-dir run"
)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """One run for all: tests copy it."""
    from koki2.cli import main

    root = tmp_path_factory.mktemp("qd")
    words = WORDS.replace("--out-dir run", f"--out-dir {root / 'run'}").split()
    assert main(words) == 0
    return root / "run"


@pytest.fixture
def run(made, home):
    shutil.copytree(made, home / "run")
    return home / "run"


def test_it_leaves_a_complete_run_whose_archive_is_as_its_rows_say(run):
    rows = list(runlog.read_rows(run))
    archive = runlog.read_artifact(run, "archive")
    summary = runlog.read_summary(run)
    assert summary["status"] == "complete" and "births" not in summary
    assert archive["filled"].sum() == round(16 * rows[-1]["coverage"]) > 3
    assert summary["best_fitness"] == float(archive["fitness"].max())
    config = runlog.read_config(run)
    assert config["config"]["archive"]["shape"] == [4, 4]
    assert config["provenance"]["archive.shape"] == "flag"


def test_it_replays_bit_for_bit_and_a_changed_archive_is_found_out(koki2, run):
    said = koki2("replay run --json").json
    assert said["identical"] and said["generations"] == 6
    archive = runlog.read_artifact(run, "archive")
    genome = archive["genome"].copy()
    genome[int(np.argmax(archive["filled"])), 0] += 1e-6
    from koki2.runlog import arrays

    arrays.save_arrays(run / "archive.npz", archive | {"genome": genome})
    said = koki2("replay run --json")
    assert said.code == 1
    assert said.json["first_difference"] == {"what": "archive", "arrays": ["genome"]}


def test_stopped_after_a_checkpoint_and_resumed_it_is_the_same_run(koki2, run, home):
    read = folders.read_folder(run)
    (program,) = kinds.build(read.kind, [(read.config, read.seed)])
    settings = Settings(kind=read.kind, config=read.config, command="qd")
    again = folders.start(settings, read.seed, home, out_dir="again")
    with again as stopped:
        chunk, _ = next(driver.chunks(program, program.init()))
        stopped.append(chunk.rows["metrics"])
        stopped.checkpoint(chunk.done, chunk.state, {})
    assert koki2("resume again").code == 0
    for name in ("generations.jsonl", "archive.npz", "best_genome.npz"):
        assert (home / "again" / name).read_bytes() == (run / name).read_bytes(), name


def test_its_lineage_names_the_parents_of_every_elite(koki2, run):
    assert koki2("lineage run").code == 0
    with open(run / "lineage.csv", newline="") as file:
        taxa = list(csv.DictReader(file))
    births = [b for row in runlog.read_rows(run) for b in row["births"]]
    assert len(taxa) == len(births)
    alive = [t for t in taxa if t["destruction_time"] == "inf"]
    archive = runlog.read_artifact(run, "archive")
    assert (
        sorted(int(t["cell"]) for t in alive)
        == np.flatnonzero(archive["filled"]).tolist()
    )
    by_id = {t["id"]: t for t in taxa}
    for taxon in taxa:
        for parent in json.loads(taxon["ancestor_list"].replace("none", "")):
            born, died = (
                by_id[str(parent)][k] for k in ("origin_time", "destruction_time")
            )
            assert int(born) < int(taxon["origin_time"]) <= float(died)


def test_an_elite_can_be_watched_by_its_place(koki2, run):
    archive = runlog.read_artifact(run, "archive")
    cell = int(np.flatnonzero(archive["filled"])[0])
    said = koki2(f"replay-life run --cell {cell // 4} {cell % 4}")
    assert said.code == 0 and (run / f"life_cell{cell}_seed0_episode0.gif").exists()
    empty = int(np.flatnonzero(~archive["filled"])[0])
    for words, says in {
        f"{empty}": "is empty",
        "4 0": "must be a place in (4, 4)",
        "0 0 0": "must be a place in (4, 4)",
        "16": "from 0 to 15",
    }.items():
        said = koki2(f"replay-life run --cell {words}")
        assert said.code == 2 and says in said.err, words


@pytest.fixture
def empty(run):
    """The same run as if no genome had behaved within its archive."""
    archive = runlog.read_artifact(run, "archive")
    archive["filled"] = np.zeros_like(archive["filled"])
    archive["fitness"] = np.full_like(archive["fitness"], -np.inf)
    runlog.save_arrays(run / "archive.npz", archive)
    (run / "best_genome.npz").unlink()
    path = run / "summary.json"
    nothing = {"coverage": 0.0, "outside": 15, "not_finite": 1, "mean_fitness": None}
    summary = json.loads(path.read_text()) | nothing
    path.write_text(json.dumps(summary))
    return run


@pytest.mark.parametrize(
    "words",
    [
        "eval-run --run-dir run",
        "replay-life run",
        "replay-life run --cell 0",
        "descriptors run",
        "export run --out exported",
    ],
)
def test_of_an_archive_that_stayed_empty_nothing_can_be_asked(koki2, empty, words):
    said = koki2(words)
    assert said.code == 2 and "its archive stayed empty" in said.err


def test_an_archive_that_stayed_empty_is_drawn_and_explained(koki2, empty, capsys):
    assert koki2("plot run").code == 0
    with runlog.Run.resume(empty) as opened:
        kind, config = kinds.kind_of("qd"), folders.read_folder(empty).config
        output.print_end(opened, kind, config, as_json=False)
    out, err = capsys.readouterr()
    assert "next:" not in out
    assert "the archive is empty" in err and "16 of the last generation 15 were" in err


def test_its_best_elite_is_judged_on_unseen_lives(koki2, run):
    said = koki2("eval-run --run-dir run --episodes 4 --json")
    assert said.code == 0 and [*said.json["evaluations"][0]["genomes"]] == ["best"]
    assert koki2("eval-run --run-dir run --genome mean").code == 2


def test_its_descriptors_are_judged(koki2, run):
    said = koki2("descriptors run --episodes 2 --neighbours 1 --json")
    found = said.json
    assert said.code == 0 and found["descriptors"] == ["end_x", "end_y"]
    archive = runlog.read_artifact(run, "archive")
    assert found["elites"] == archive["filled"].sum()
    assert 0 <= found["trustworthiness"] <= 1 and found["metrics"]["end_x"] is not None
    assert found["verdict"]["passed"] in (True, False)
    table = koki2("descriptors run --episodes 2 --neighbours 1").out
    assert "verdict: this behaviour space is" in table


@pytest.mark.parametrize(
    "words,says",
    [
        ("--descriptors lifetime", "a number for each descriptor"),
        ("--descriptors speed reach", "there is no descriptor 'speed'"),
        ("--shape 4", "a number of cells for each dimension"),
        ("--low 0 2", "below those of high"),
        ("--low 2 2 --high 3 3", "descriptors are in [0, 1]"),
        ("--low 0 -2 --high 1 -1", "got -2.0 to -1.0 for distance"),
        ("--emitter novelty --strategy nes", "there is no strategy 'nes'"),
        ("--emitter improvement --strategy pgpe --batch-size 7", "a multiple of 2"),
    ],
)
def test_bad_settings_are_refused_before_anything_starts(koki2, home, words, says):
    said = koki2(f"qd chemotaxis-l0.1 {words} --out-dir run")
    assert said.code == 2 and says in said.err, said.err
    assert not (home / "run").exists()


def test_descriptors_that_need_a_map_are_refused_in_gymnax(koki2, home):
    said = koki2("qd gymnax:CartPole-v1 --out-dir run")
    assert said.code == 2 and "must have a world with a map" in said.err
    assert not (home / "run").exists()


def test_a_run_of_evolution_has_no_archive(koki2, fake, home):
    assert koki2("evo-l0 --generations 2 --out-dir run").code == 0
    assert "must be of a run of koki2 qd" in koki2("descriptors run").err
    assert "must go with a run of koki2 qd" in koki2("replay-life run --cell 3").err
