"""The golden runs come out as they did when their file was written."""

import golden
import pytest

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


def test_golden_runs_come_out_as_ever(wanted):
    got = golden.compute(FIRST)
    for part in ("config", "seed", "qd_config"):
        assert got[part] == wanted[part]
    for name in FIRST:
        assert got["lives"][name] == wanted["lives"][name]
    for run in ("search", "qd"):
        for part, value in wanted[run].items():
            assert got[run][part] == value, part


@pytest.mark.slow
@pytest.mark.parametrize("name", LATER)
def test_so_do_golden_lives_in_every_other_level(wanted, name):
    assert golden.lives([name])[name] == wanted["lives"][name]


def test_every_level_has_a_golden_life(wanted):
    assert sorted(wanted["lives"]) == sorted(golden.LEVELS)


def test_a_golden_file_says_why_it_was_written():
    for file in golden.HERE.glob("*.json"):
        assert all(
            entry["reason"] for entry in golden.json.loads(file.read_text())["written"]
        )
