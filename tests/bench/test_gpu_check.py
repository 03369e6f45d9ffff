"""What the GPU check prints and compares, without a GPU."""

import importlib
import json
import pathlib
import sys

import numpy as np
import pytest

TOOLS = pathlib.Path(__file__).parents[2] / "tools"


@pytest.fixture
def tool(monkeypatch):
    """A module of tools, by its name."""
    monkeypatch.syspath_prepend(str(TOOLS))
    return importlib.import_module


def test_what_differs_is_counted_and_measured(tool):
    gpu_agrees = tool("gpu_agrees")
    cpu = {"evo|rows['a']": np.float32([1, 2, 4]), "evo|end b": np.float32([1, np.nan])}
    gpu = {"evo|rows['a']": np.float32([1, 2, 5]), "evo|end b": np.float32([1, np.nan])}
    rows, end = gpu_agrees.compare(gpu, cpu)
    assert (rows["differ"], rows["at_most"], rows["first_generation"]) == (1, 0.25, 0)
    assert (end["differ"], end["at_most"]) == (0, 0)


def test_the_table_says_what_failed(tool, tmp_path, monkeypatch, capsys):
    gpu_table = tool("gpu_table")
    row = {"name": "A", "ours": 2.0, "theirs": 1.0, "unit": "M steps/s", "ratio": 2.0}
    (tmp_path / "rollout.json").write_text(json.dumps([row]))
    kernel = {"case": "edge_sum/x", "way": "forward", "seconds": 0.002, "times": 3.0}
    (tmp_path / "kernels.json").write_text(json.dumps({"rows": [kernel]}))
    monkeypatch.setattr(sys, "argv", ["gpu_table", str(tmp_path)])
    gpu_table.main()
    said = capsys.readouterr().out
    for text in ("rollout: A", "2.00x", "kernel: edge_sum/x forward", "3.00x"):
        assert text in said
    assert [line.split()[-1] for line in said.splitlines() if "failed" in line] == (
        ["failed"] * 3
    )


@pytest.mark.slow
def test_a_cpu_agrees_with_itself(tool, tmp_path):
    gpu_agrees = tool("gpu_agrees")
    ours, theirs = (gpu_agrees.run("cpu", tmp_path / f"{n}.npz") for n in range(2))
    rows = gpu_agrees.compare(ours, theirs)
    assert len(rows) > 30 and not any(row["differ"] for row in rows)
