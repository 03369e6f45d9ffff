"""A run as a phylogeny: what others' tools read from it is what happened."""

import csv
import json
import re

import pytest


@pytest.fixture
def run(koki2, fake, home):
    """Three generations, with the columns of the real loop."""
    assert koki2("evo-l0 --generations 3 --out-dir run").code == 0
    write(home / "run", [row(g) for g in range(3)])
    return home / "run"


def row(g, **values):
    plain = {"generation": g, "generation_best": 10.0 + g, "mean_fitness": 5.0 + g}
    return plain | {"mean_norm": 0.5 * (g + 1), "env_steps": 100 * (g + 1)} | values


def write(run, rows):
    lines = [json.dumps(each, separators=(",", ":")) + "\n" for each in rows]
    (run / "generations.jsonl").write_text("".join(lines))


def read(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_centres_descend_from_centres_and_the_best_are_leaves(koki2, run):
    assert koki2("lineage run --json").json == {
        "out": "run/lineage.csv",
        "taxa": 7,
        "generations": 3,
    }
    found = read(run / "lineage.csv")
    short = [(t["id"], t["ancestor_list"], t["taxon_label"]) for t in found]
    assert short == [
        ("0", "[none]", "centre_0"),
        ("1", "[0]", "best_0"),
        ("2", "[0]", "centre_1"),
        ("3", "[2]", "best_1"),
        ("4", "[2]", "centre_2"),
        ("5", "[4]", "best_2"),
        ("6", "[4]", "centre_3"),
    ]
    times = [(t["origin_time"], t["destruction_time"]) for t in found]
    assert times == [*[(str(g), str(g + 1)) for g in (0, 0, 1, 1, 2, 2)], ("3", "inf")]
    fitness = [t["fitness"] for t in found]
    assert fitness == ["5.0", "10.0", "6.0", "11.0", "7.0", "12.0", ""]
    assert [t["trait_norm"] for t in found[::2]] == ["", "0.5", "1.0", "1.5"]
    assert [t["env_steps"] for t in found[::2]] == ["0", "100", "200", "300"]


def test_ancestors_are_in_the_file_before_those_who_descend_from_them(koki2, run):
    """What the standard asks, and one tree: every walk upwards ends at taxon 0."""
    assert koki2("lineage run --out tree.csv").code == 0
    parent = {}
    for taxon in read(run.parent / "tree.csv"):
        inner = taxon["ancestor_list"].removeprefix("[").removesuffix("]")
        assert inner == "none" or int(inner) in parent
        parent[int(taxon["id"])] = None if inner == "none" else int(inner)
    assert [child for child, of in parent.items() if of is None] == [0]


@pytest.mark.parametrize(
    "rows, said",
    [
        ([row(0), row(2)], "line 2, should be generation 1, is 2"),
        ([row(0), row(1, mean_fitness="x")], "line 2, .* number mean_fitness"),
        ([row(0), {"generation": 1, "mean_fitness": 1.0}], "number generation_best"),
    ],
)
def test_rows_that_no_evolution_wrote_are_named(koki2, run, rows, said):
    write(run, rows)
    found = koki2("lineage run")
    assert found.code == 3 and not (run / "lineage.csv").exists()
    assert re.search(said, found.err)


def test_a_folder_that_is_no_run_or_has_nothing_yet_is_refused(koki2, run):
    assert koki2("lineage nowhere").code == 2
    assert koki2("lineage run --out tree.tsv").code == 2
    write(run, [])
    said = koki2("lineage run")
    assert said.code == 2 and "koki2 resume run" in said.err
    (run / "generations.jsonl").unlink()
    assert koki2("lineage run").code == 3
