"""Sweeps: finished cells are left alone, unfinished ones resumed, in any processes."""

import json
import os
import random
import signal
import subprocess
import sys
import time

import counting
import pytest

from koki2 import runlog
from koki2.envs import ChemotaxisConfig
from koki2.evolution.configs import EvolutionConfig
from koki2.session import sweep, sweep_table
from koki2.session.kinds import KINDS
from koki2.session.signals import Stop
from koki2.session.sweep_cells import Cell


@pytest.fixture
def cells():
    """Makes cells of the counting kind: two steps, three seeds."""
    KINDS.register("counting", counting.KIND)
    counting.built.clear()
    configs = [
        counting.CountingConfig(walk=counting.WalkConfig(step=step)) for step in (1, 2)
    ]
    yield [
        Cell(kind="counting", config=c, seed=s, settings={"step": c.walk.step})
        for c in configs
        for s in (0, 1, 2)
    ]
    KINDS.remove("counting")


def seeds_built():
    return [[seed for _, seed in runs] for runs in counting.built]


def files(root):
    """The bytes of all that a sweep leaves, but for clocks and machines."""
    skipped = {"manifest.json", "timing.jsonl", ".lock", "sweep.json", "config.json"}
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.name not in skipped
    }


def test_cells_that_differ_in_their_seed_are_built_together(cells, tmp_path):
    outcomes = sweep.run_cells(cells, tmp_path, stop=Stop())
    assert seeds_built() == [[0, 1, 2]] * 2
    assert all(outcome.is_done for outcome in outcomes)
    assert [o.summary["units"] for o in outcomes] == [6] * 6


def test_cells_that_differ_in_numbers_that_are_data_share_a_program():
    config = lambda **env: EvolutionConfig(env=ChemotaxisConfig(**env))
    cell = lambda **env: Cell(kind="evo", config=config(**env), seed=0)
    poor, rich, wide = cell(energy_gain=0.1), cell(energy_gain=0.2), cell(width=9)
    assert poor.shape == rich.shape != wide.shape
    assert len({each.folder for each in (poor, rich, wide)}) == 3
    assert cell().shape == cell(energy_decay=0.5).shape, "auto stands for a number"


def test_a_finished_sweep_computes_nothing(cells, tmp_path):
    first = sweep.run_cells(cells, tmp_path, stop=Stop())
    before, counting.built[:] = files(tmp_path), []
    assert sweep.run_cells(cells, tmp_path, stop=Stop()) == first
    assert counting.built == [] and files(tmp_path) == before


def test_an_extended_sweep_runs_only_what_is_new(cells, tmp_path):
    sweep.run_cells(cells[:2], tmp_path, stop=Stop())
    counting.built.clear()
    sweep.run_cells(cells[:3], tmp_path, stop=Stop())
    assert seeds_built() == [[0, 1, 2]]  # one program for all
    assert len(list((tmp_path / "cells").iterdir())) == 3


def test_a_cell_that_is_there_twice_is_run_once(cells, tmp_path):
    outcomes = sweep.run_cells([cells[0], cells[0]], tmp_path, stop=Stop())
    assert outcomes[0] == outcomes[1] and len(counting.built) == 1
    assert seeds_built() == [[0]]


def test_a_stopped_sweep_goes_on_to_the_same_files(cells, tmp_path, monkeypatch):
    sweep.run_cells(cells, tmp_path / "whole", stop=Stop())
    stop, finish = Stop(), sweep.driver.finish

    def interrupted(run, program, kind, stop, sinks):
        if run.manifest["seed"] == 1:  # after the first chunk of the second cell
            ask = lambda chunk: setattr(stop, "signal", signal.SIGTERM)
            sinks = [*sinks, sweep.driver.Sink(chunk=ask)]
        return finish(run, program, kind, stop, sinks=sinks)

    monkeypatch.setattr(sweep.driver, "finish", interrupted)
    outcomes = sweep.run_cells(cells, tmp_path / "stopped", stop=stop)
    assert [outcome.is_done for outcome in outcomes] == [True] + [False] * 5
    assert (outcomes[1].path / "units.jsonl").stat().st_size > 0
    monkeypatch.setattr(sweep.driver, "finish", finish)
    sweep.run_cells(cells, tmp_path / "stopped", stop=Stop())
    assert files(tmp_path / "stopped") == files(tmp_path / "whole")


def test_a_folder_killed_before_it_was_a_run_is_made_anew(cells, tmp_path):
    left = tmp_path / "cells" / cells[0].folder
    left.mkdir(parents=True)
    (left / "manifest.json").write_text("{}")
    (outcome,) = sweep.run_cells(cells[:1], tmp_path, stop=Stop())
    assert outcome.is_done


def test_a_changed_config_is_not_taken_for_the_cell(cells, tmp_path):
    (outcome,) = sweep.run_cells(cells[:1], tmp_path, stop=Stop())
    os.remove(outcome.path / "summary.json")
    other = tmp_path / "cells" / cells[3].folder
    outcome.path.rename(other)
    with pytest.raises(runlog.BrokenRunError, match="should hold the config"):
        sweep.run_cells(cells[3:4], tmp_path, stop=Stop())


def test_no_sweep_is_run_twice_at_once(cells, tmp_path, monkeypatch):
    monkeypatch.setattr(sweep, "_PATIENCE", 1)
    (tmp_path / "cells").mkdir()
    with (
        sweep.lock.Lock(tmp_path),
        pytest.raises(runlog.LockedError, match="is being written"),
    ):
        sweep.run_cells(cells, tmp_path, stop=Stop())


def test_kinds_without_genomes_have_no_unseen_episodes(cells, tmp_path):
    held_out = sweep.HeldOut(8, (0,))
    with pytest.raises(runlog.InputError, match="must be of runs that leave genomes"):
        sweep.run_cells(cells, tmp_path, held_out=held_out, stop=Stop())
    assert not any(tmp_path.iterdir())


def test_rows_become_intervals_over_seeds(cells, tmp_path):
    outcomes = sweep.run_cells(cells, tmp_path, stop=Stop())
    table = sweep_table.table(outcomes, ["step"])
    one, two = table.groups
    assert (one.label, one.seeds) == ("step 1", [0, 1, 2])
    # the same draws, twice as large
    assert two.intervals["total"]["mean"] == pytest.approx(
        2 * one.intervals["total"]["mean"]
    )
    totals = [row["total"] for row in table.rows[:3]]
    assert one.intervals["total"]["mean"] == pytest.approx(sum(totals) / 3)
    assert one.intervals["total"]["low"] < sum(totals) / 3
    (gap,) = table.contrasts  # twice the first is the first more
    assert (gap["settings"], gap["column"], gap["seeds"]) == ({"step": 2}, "total", 3)
    assert gap["mean"] == pytest.approx(sum(totals) / 3)


FILE = """
kind = "counting"
[loop]
units = 16
pause = 0.05
[grid]
walk.step = [1, 2]
seed = [0, 1]
"""


def test_killed_at_any_point_it_ends_in_the_same_table(tmp_path):
    """kill -9 of the parent, with two workers, against one process never stopped."""
    site = tmp_path / "site"
    site.mkdir()
    counting.install(site)
    (tmp_path / "walk.toml").write_text(FILE)
    root = counting.pathlib.Path(__file__).parents[2]
    environment = os.environ | {"PYTHONPATH": f"{root}{os.pathsep}{site}"}

    def start(*words):
        return subprocess.Popen(
            [sys.executable, "-m", "koki2", "sweep", "walk.toml", "--json", *words],
            env=environment,
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def finish(*words):
        process = start(*words)
        out, err = process.communicate()
        assert process.returncode == 0, err
        return json.loads(out)

    whole = finish("--out", "whole")
    draw, rows, in_the_middle = random.Random(0), tmp_path / "killed" / "cells", 0
    for until, how in (
        (0, signal.SIGKILL),
        (800, signal.SIGTERM),
    ):
        process = start("--out", "killed", "--jobs", "2")
        while process.poll() is None:
            size = sum(f.stat().st_size for f in rows.glob("*/units.jsonl"))
            if size > until or (until == 0 and rows.exists()):  # bytes of rows
                time.sleep(draw.random() * 0.1)
                break
            time.sleep(0.005)
        process.send_signal(how)
        out, _ = process.communicate()
        if how == signal.SIGTERM:
            assert process.returncode == 143
            assert json.loads(out)["status"] == "interrupted"
        in_the_middle += len(list(rows.glob("*/summary.json"))) < 4
    assert in_the_middle == 2
    again = finish("--out", "killed", "--jobs", "2")
    assert again | {"out": "whole"} == whole
    assert files(tmp_path / "killed") == files(tmp_path / "whole")
