"""Sweep files as steps of an experiment: what a step will take, its run, its table.

    step = read_step(HERE / "screen.toml", runs_dir / "e018_screen", held_out)
    print(estimate(step, jobs=2))
    rows = run_step(step, jobs=2)

A step is what `koki2 sweep FILE --out FOLDER` does, and goes on where that stopped.
"""

import itertools
import pathlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from experiments.lab.study import small
from koki2.session import files, sweep, sweep_cells, sweep_file, sweep_table
from koki2.session.kinds import kind_of
from koki2.session.signals import Stop
from koki2.session.sweep_cells import Cell

Row = Mapping[str, Any]
"""A row of the table of a sweep; see `koki2.session.sweep_table`."""

LONGEST = 300.0
"""Seconds that a cell may take, so that a step can be stopped at any time."""


class Step(NamedTuple):
    """A sweep file, and where and on which unseen episodes it is run."""

    cells: list[Cell]
    settings: list[str]
    """The columns that tell the configs of its cells apart."""
    out: pathlib.Path
    held_out: sweep.HeldOut


def read_step(
    file: pathlib.Path,
    out: pathlib.Path,
    held_out: sweep.HeldOut,
    *,
    smoke: bool = False,
) -> Step:
    """Reads a sweep file.

    Args:
      file: the sweep file.
      out: the folder of the sweep.
      held_out: the unseen episodes.
      smoke: keep the first world, four other settings and two seeds, of small agents
        and few generations: that it runs, not what it finds.

    Raises:
      InputError: a file with mistakes.
    """
    plan = sweep_file.plan(files.read_config(file), where=file.name)
    if not smoke:
        return Step(plan.cells, plan.settings, out, held_out)
    few = sweep.HeldOut(min(held_out.episodes, 16), held_out.eval_seeds)
    return Step(_smoke(plan.cells), plan.settings, out, few)


def seconds(step: Step) -> dict[str, float]:
    """Estimates what is left of a step: seconds of each cell, by its label."""
    return dict(_left(step))


def estimate(step: Step, jobs: int = 1) -> str:
    """Says how long what is left of a step will take, roughly, in one line.

    Raises:
      ValueError: a cell that would take more than `LONGEST`.
    """
    left = _left(step)
    over = [f"{label}: {time:.0f} s" for label, time in left if time > LONGEST]
    if over:
        raise ValueError(
            f"a cell must take at most {LONGEST:.0f} s, so that a step can be stopped "
            f"at any time, got {len(over)} that take longer; {over[0]}."
        )
    whole, longest = sum(t for _, t in left), max((t for _, t in left), default=0.0)
    return (
        f"{step.out.name}: {len(left)} of {len(step.cells)} cells are left, about "
        f"{whole / jobs / 60:.0f} min of {jobs} process{'es' if jobs > 1 else ''}; "
        f"the longest cell about {longest:.0f} s"
    )


def run_step(step: Step, jobs: int = 1) -> list[Row]:
    """Runs what is left of a step, and writes its table and plot into its folder.

    Returns:
      The rows of its table.

    Raises:
      SystemExit: it was stopped; the same command goes on.
    """
    table = sweep_table.table(run_cells(step, jobs), step.settings)
    sweep_table.write(table, step.out, None, step.out.name)
    return table.rows


def run_cells(step: Step, jobs: int = 1) -> list[sweep.Outcome]:
    """Runs what is left of a step; raises as `run_step` does."""
    with Stop() as stop:
        outcomes = sweep.run_cells(
            step.cells,
            step.out,
            jobs=jobs,
            held_out=step.held_out,
            stop=stop,
            show_progress=True,
        )
    if not all(outcome.is_done for outcome in outcomes):
        raise SystemExit(stop.code)
    return outcomes


def read_rows(step: Step) -> list[Row]:
    """Reads the rows of the cells that are done; the folder stays as it is."""
    outcomes = sweep.read_outcomes(step.cells, step.out, step.held_out)
    done = [outcome for outcome in outcomes if outcome.is_done]
    return sweep_table.table(done, step.settings).rows if done else []


def _left(step: Step) -> list[tuple[str, float]]:
    """Label and seconds of the cells that are not done; the first of those that share
    a program bears what compiling it takes."""
    outcomes = sweep.read_outcomes(step.cells, step.out, step.held_out)
    done = {outcome.cell.folder for outcome in outcomes if outcome.is_done}
    found: list[tuple[str, float]] = []
    for piece in sweep_cells.pieces(step.cells, 1, lambda c: c.folder not in done):
        first = piece.cells[0]
        needs = kind_of(first.kind).estimate
        assert needs is not None
        alone, two = (needs(first.config, runs).seconds for runs in (1, 2))
        times = [alone, *itertools.repeat(two - alone, len(piece.cells) - 1)]
        found += zip((cell.label for cell in piece.cells), times, strict=True)
    return found


def _smoke(cells: list[Cell]) -> list[Cell]:
    """The minute's version of the cells of a sweep."""
    world = lambda cell: cell.settings.get("world")
    others = lambda cell: {n: v for n, v in cell.settings.items() if n != "world"}
    first = world(cells[0])
    points = list({repr(others(cell)): None for cell in cells})[:4]
    seeds = list(dict.fromkeys(cell.seed for cell in cells))[:2]
    return [
        Cell(
            kind=cell.kind,
            config=small(cell.config),
            seed=cell.seed,
            settings=cell.settings,
            provenance=cell.provenance,
        )
        for cell in cells
        if world(cell) == first and repr(others(cell)) in points and cell.seed in seeds
    ]
