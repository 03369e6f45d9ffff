"""The golden runs come out as they did when their file was written."""

import golden
import pytest


def test_golden_runs_come_out_as_ever():
    if not golden.path().exists():
        pytest.skip(
            f"no golden file for this environment ({golden.path().name}); "
            "python tools/regold.py --reason '...' writes one"
        )
    wanted, got = golden.read(), golden.compute()
    for part in ("config", "seed", "lives"):
        assert got[part] == wanted[part]
    for part, value in wanted["search"].items():
        assert got["search"][part] == value, part


def test_a_golden_file_says_why_it_was_written():
    for file in golden.HERE.glob("*.json"):
        assert all(
            entry["reason"] for entry in golden.json.loads(file.read_text())["written"]
        )
