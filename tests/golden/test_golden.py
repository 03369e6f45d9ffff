"""The golden runs come out as they did when their file was written."""

import golden
import numpy as np
import pytest
from lanes_of_tests import mostly_slow

from koki2.session import golden as golden_runs, golden_file
from tools import regold

FIRST = [name for name in golden.LEVELS if name.startswith("chemotaxis")]
LATER = [name for name in golden.LEVELS if name not in FIRST]


@pytest.fixture
def wanted():
    if not golden.path().exists():
        pytest.skip(
            f"no golden file for this environment ({golden.path().name}); "
            "python tools/regold.py --reason '...' writes one"
        )
    return golden.read()


def test_the_golden_search_comes_out_as_ever(wanted):
    found = golden.measure_search()
    assert list(golden.moved_search(wanted["search"], found)) == []


def test_the_golden_archive_comes_out_as_ever(wanted):
    found = golden.measure_archive()
    assert list(golden.moved_archive(wanted["qd"], found)) == []


def test_the_golden_configs_mean_what_they_meant(wanted):
    assert list(golden.moved_configs(wanted)) == []
    assert wanted["seed"] == golden.SEED


@pytest.mark.parametrize(
    "name", mostly_slow(FIRST, "chemotaxis-l0.0", "chemotaxis-l1.1-seed")
)
def test_golden_lives_come_out_as_ever(wanted, name):
    found = golden.measure_lives(name)
    assert list(golden.moved_lives(wanted["lives"][name], found)) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", LATER)
def test_so_do_golden_lives_in_every_other_level(wanted, name):
    found = golden.measure_lives(name)
    assert list(golden.moved_lives(wanted["lives"][name], found)) == []


def test_every_level_has_a_golden_life(wanted):
    assert sorted(wanted["lives"]) == sorted(golden.LEVELS)


def test_a_golden_file_says_why_it_was_written():
    for file in golden.HERE.glob("*.json"):
        assert all(
            entry["reason"] for entry in golden.json.loads(file.read_text())["written"]
        )


def test_a_digest_does_not_depend_on_names_and_sees_every_bit(monkeypatch):
    before = {"a": np.float32([1.0, 2.0]), "b": np.int32(3)}
    wanted = golden.digest(before)
    monkeypatch.setattr(golden, "RENAMED", {"a": "z"})
    after = {"z": before["a"], "b": before["b"], "new": np.zeros(1)}
    assert list(golden._moved_digest("carry", wanted, after)) == []
    after["z"] = np.nextafter(before["a"], np.float32(9))
    moved = list(golden._moved_digest("carry", wanted, after))
    assert moved == ["carry (digest of 2 arrays)"]
    del after["z"]
    moved = list(golden._moved_digest("carry", wanted, after))
    assert moved == ["carry a (missing)"]


def test_a_number_that_moves_is_named():
    wanted = {"fitness": [1.0, 2.0], "all": golden.digest({"fitness": np.ones(2)})}
    moved = list(golden.moved_lives(wanted, {"fitness": np.array([1.0, 2.5])}))
    assert moved == ["fitness", "all (digest of 1 arrays)"]


def test_a_reason_names_the_worlds_whose_numbers_move():
    moved = {"detour-l1.3": ["fitness"], "sparse-l4.0": ["all"], "qd": ["births"]}
    assert regold.unnamed(moved, "detour version 2; sparse-l4.0 too.") == ["qd"]
    assert regold.unnamed(moved, "detour-l1.4, chemotaxis: why not") == [
        "detour-l1.3",
        "sparse-l4.0",
    ]


@pytest.mark.slow
def test_our_own_set_comes_out_as_ever_and_a_batch_as_its_runs_alone(capsys):
    """Digests by generation, and the first seed of the batch as the seed alone."""
    path = golden.HERE / "set" / "koki2.toml"
    facts = golden_runs.check(path, named=())
    if not facts["fits"]:
        pytest.skip(f"{path} has no entry of this environment; `make golden` compares")
    assert facts["identical"], facts
    alone, batch = "evolution: seed 3", "batch: env.energy_gain 0.05, seed 3"
    for entry in golden_file.read_entries(path.with_suffix(".digests.json")):
        assert entry.runs[alone] == entry.runs[batch]
        assert entry.runs[alone].rows["metrics"].units.keys() == {*"012345"}
