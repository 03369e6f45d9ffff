"""`koki2 golden`: a set comes out as recorded, or what differs first is named."""

import json

import pytest

SET = """
[[case]]
name = "evolution"
[case.loop]
generations = 5
checkpoint_every = 2
[case.grid]
seed = [1]

[[case]]
name = "batch"
[case.loop]
generations = 4
checkpoint_every = 2
[case.grid]
seed = [1, 2]
"""
STRATEGY = """
from koki2.search.catalogue import StrategyEntry

keep = StrategyEntry(lambda *args: None)
"""


@pytest.fixture(scope="module")
def recorded():
    """The digests of the set, once they have been made."""
    return []


@pytest.fixture
def made(koki2, fake, home, recorded):
    (home / "set.toml").write_text(SET)
    digests = home / "set.digests.json"
    if not recorded:
        said = koki2("golden make set.toml")
        assert said.code == 0, said.err
        recorded.append(digests.read_bytes())
    digests.write_bytes(recorded[0])
    return digests


def change(path, **facts):
    """Changes facts of the environment of the only entry."""
    values = json.loads(path.read_text())
    (entry,) = values["entries"]
    for name, value in facts.items():
        if isinstance(value, dict):
            entry["environment"][name] |= value
        else:
            entry["environment"][name] = value
    path.write_text(json.dumps(values))
    return values


def change_flags(values, flags):
    values["entries"][0]["environment"]["environment"] = {"XLA_FLAGS": flags}


def move(path, run, *, unit=None, column=None, array=None):
    """Changes digests of a run in the file, so that what comes out is another."""
    values = json.loads(path.read_text())
    found = values["entries"][0]["runs"][run]
    rows = found["rows"]["metrics"]
    if unit is not None:
        for number in range(unit, len(rows["units"])):
            rows["units"][str(number)] = "0" * 16
    if column:
        rows["columns"][column] = "0" * 16
    if array:
        found["artifacts"][array]["w"] = "0" * 64
    path.write_text(json.dumps(values))


def test_a_set_that_was_recorded_is_identical_from_any_folder(koki2, made, monkeypatch):
    before = made.read_bytes()
    said = koki2("golden check set.toml")
    assert said.code == 0
    assert said.out == "identical: all 3 runs of set.digests.json\n"
    (made.parent / "elsewhere").mkdir()
    monkeypatch.chdir(made.parent / "elsewhere")
    found = koki2("golden check ../set.toml --json").json
    assert found["identical"] is True and found["fits"] is True
    assert [run["run"] for run in found["runs"]] == [
        "evolution: seed 1",
        "batch: seed 1",
        "batch: seed 2",
    ]
    assert [run["generations"] for run in found["runs"]] == [5, 4, 4]
    assert made.read_bytes() == before


def test_the_first_generation_that_differs_is_named(koki2, made):
    move(made, "batch: seed 2", unit=2, column="mean_fitness")
    said = koki2("golden check set.toml")
    assert said.code == 1
    line = "different: batch: seed 2: generation 2 is the first; columns: mean_fitness"
    assert said.out.splitlines()[0] == line
    found = koki2("golden check set.toml --json")
    assert found.code == 1 and found.json["identical"] is False
    assert [run["identical"] for run in found.json["runs"]] == [True, True, False]
    assert found.json["runs"][2]["first_difference"]["generation"] == 2


def test_a_genome_that_differs_is_named(koki2, made):
    move(made, "evolution: seed 1", array="mean_genome")
    said = koki2("golden check set.toml")
    assert said.code == 1
    assert "different: evolution: seed 1: the mean genome, in w" in said.out


def test_another_environment_is_compared_with_the_nearest(koki2, made):
    change(made, versions={"jaxlib": "0.4.0"})
    values = json.loads(made.read_text())
    far = json.loads(json.dumps(values["entries"][0]))
    far["environment"]["platform"]["machine"] = "abacus"
    values["entries"].insert(0, far)
    made.write_text(json.dumps(values))
    said = koki2("golden check set.toml")
    assert said.code == 0 and "identical" in said.out
    assert "no entry is of this environment" in said.out
    assert "  jaxlib: 0.4.0 then, " in said.out and "abacus" not in said.out
    found = koki2("golden check set.toml --json").json
    assert found["fits"] is False and len(found["nearest"]) == 1


def test_what_changed_in_the_environment_is_said(koki2, made):
    change(made, versions={"evosax": "0.0.1"})
    assert koki2("golden check set.toml").out.startswith("identical")
    move(made, "evolution: seed 1", unit=0)
    said = koki2("golden check set.toml")
    assert said.code == 1 and "  evosax version: 0.0.1 then, " in said.out


def test_a_set_that_changed_is_no_longer_identical(koki2, made):
    file = made.parent / "set.toml"
    file.write_text(SET.replace("seed = [1, 2]", "seed = [2, 3]"))
    said = koki2("golden check set.toml")
    assert said.code == 1
    assert "missing: batch: seed 3 is not in set.digests.json" in said.out
    assert "left out: batch: seed 1 is in set.digests.json" in said.out
    file.write_text(SET.replace("generations = 4", "generations = 3"))
    said = koki2("golden check set.toml")
    assert said.code == 1 and "generation 3 is the first" in said.out
    assert "  batch: seed 2: loop.generations: 4 then, 3 now" in said.out


def test_make_adds_what_is_new_and_replaces_nothing_without_a_reason(koki2, made):
    assert "nothing to write" in koki2("golden make set.toml").out
    file, before = made.parent / "set.toml", made.read_bytes()
    file.write_text(SET.replace("seed = [1, 2]", "seed = [1, 2, 3]"))
    assert koki2("golden make set.toml").code == 0
    assert koki2("golden check set.toml --json").json["identical"] is True
    move(made, "batch: seed 3", unit=1)
    change(made, versions={"evosax": "0.0.1"})
    moved = made.read_bytes()
    said = koki2("golden make set.toml")
    assert said.code == 1 and "nothing was written; --reason TEXT" in said.out
    assert "  evosax version: 0.0.1 then, " in said.out
    assert made.read_bytes() == moved != before
    assert koki2("golden", "make", "set.toml", "--reason", "as it must").code == 0
    (entry,) = json.loads(made.read_text())["entries"]
    reasons = [(note["reason"], note["moved"]) for note in entry["written"]]
    assert reasons == [
        ("made", []),
        ("the set changed", []),
        ("as it must", ["batch: seed 3"]),
    ]
    assert koki2("golden check set.toml").code == 0


def test_make_in_another_environment_adds_an_entry(koki2, made):
    change(made, strict_bits=True)
    assert koki2("golden make set.toml").code == 0
    found = json.loads(made.read_text())["entries"]
    assert [entry["environment"]["strict_bits"] for entry in found] == [True, False]


def test_what_a_set_names_is_looked_for_beside_it_and_known_by_its_digest(
    koki2, fake, home, monkeypatch
):
    theirs = home / "theirs"
    theirs.mkdir()
    (theirs / "mine.py").write_text(STRATEGY)
    words = '[search]\nstrategy = "mine.py:keep"\n[loop]\ngenerations = 2\n'
    (theirs / "set.toml").write_text(words)
    said = koki2("golden make theirs/set.toml")
    assert said.code == 2 and "again: --objects mine.py:keep" in said.err
    assert koki2("golden make theirs/set.toml --objects mine.py:keep").code == 0
    monkeypatch.chdir(theirs)
    assert koki2("golden check set.toml --objects mine.py:keep").code == 0
    (theirs / "mine.py").write_text(STRATEGY + "# changed\n")
    found = koki2("golden check set.toml --objects mine.py:keep --json").json
    assert len(found["config"]) == 1 and "strategy: sha256 " in found["config"][0]


def test_from_python_it_is_the_same(made, capsys):
    from koki2.session import golden

    facts = golden.check(made.parent / "set.toml")
    assert facts["identical"] and len(facts["runs"]) == 3
    assert golden.make(made.parent / "set.toml")["written"] is False
    assert "batch: seed 2: 4 generations" in capsys.readouterr().err


@pytest.mark.parametrize(
    "text, problem",
    [
        ("[grid]\nseed = [0]", "has none; koki2 golden make writes them"),
        ("kind = 'evolution'", "there is no kind of run 'evolution'"),
        ("case = 3", "each written under [[case]]"),
        ("kind = 'qd'\n[[case]]\nname = 'a'", "nothing beside them, got kind."),
        ("[[case]]\nkind = 'qd'", "every case must have a name"),
        ("[[case]]\nname = 'a'\n[[case]]\nname = 'a'", "a different text each"),
        ("[[case]]\nname = 'a'\nlop.units = 1", "case a has 1 problem:\n  lop is un"),
        ("world = 'os:system'", "again: --objects os:system"),
    ],
)
def test_bad_input_is_refused_before_anything_runs(koki2, fake, home, text, problem):
    (home / "set.toml").write_text(text)
    said = koki2("golden check set.toml")
    assert said.code == 2 and problem in said.err
    assert [path.name for path in home.iterdir()] == ["set.toml"]


@pytest.mark.parametrize(
    "break_it",
    [
        lambda values: values.clear(),
        lambda values: values.pop("entries"),
        lambda values: values["entries"][0]["configs"].clear(),
        lambda values: values["entries"][0].update(runs=[1]),
        lambda values: values["entries"][0]["environment"].update(devices=7),
        lambda values: change_flags(values, 3),
    ],
)
def test_damaged_digests_are_named(koki2, made, break_it):
    values = json.loads(made.read_text())
    break_it(values)
    made.write_text(json.dumps(values))
    for action in ("check", "make"):
        said = koki2(f"golden {action} set.toml")
        assert said.code == 3 and "set.digests.json " in said.err
