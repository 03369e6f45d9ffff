"""`koki2 sweep FILE`: many runs that differ in settings and seeds, and their table."""

import dataclasses
import pathlib
import sys
from typing import Annotated, Any

import tyro
from annotated_types import Ge, Le, MinLen

from koki2 import runlog
from koki2.cli import output
from koki2.cli.seeds import Seeds
from koki2.session import files, sweep, sweep_file
from koki2.session.signals import Stop


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """Run every cell of a sweep file, or what is left of them, and table the results.

    The file names a kind of run, a world, base settings and axes: a grid, a list, or
    lists that go together (zip). Started again, a sweep goes on where it stopped.
    """

    file: tyro.conf.Positional[pathlib.Path]
    """The sweep file, .toml or .json; docs/sweeps.md describes it."""
    out: pathlib.Path | None = None
    """The folder of the sweep; none is sweep_NAME under runs-dir."""
    runs_dir: pathlib.Path = pathlib.Path("runs")
    """Where the folder is made."""
    jobs: Annotated[int, Ge(1), Le(1024)] = 1
    """Processes; the results do not depend on how many."""
    episodes: Annotated[int, Ge(1), Le(65_536)] | None = None
    """Evaluate every finished run on so many unseen episodes; none: not at all."""
    eval_seed: Annotated[Seeds, MinLen(1)] = (0,)
    """Which unseen episodes; the table has the mean over several seeds."""
    column: str | None = None
    """What to plot, and to add to the table: a column of the rows. None is the fitness
    on unseen episodes, or without these the first column of the table."""
    json: bool = False
    """Print one JSON object instead of a table."""


def run(options: Options) -> int:
    """Runs the sweep."""
    values = files.read_config(options.file)
    plan = sweep_file.plan(values, where=str(options.file))
    out = options.out or options.runs_dir / f"sweep_{options.file.stem}"
    _check_column(options, plan)
    held_out = None
    if options.episodes is not None:
        held_out = sweep.HeldOut(options.episodes, tuple(options.eval_seed))
    print(f"koki2 sweep: {len(plan.cells)} cells in {out}", file=sys.stderr)
    with Stop() as stop:
        outcomes = sweep.run_cells(
            plan.cells,
            out,
            jobs=options.jobs,
            held_out=held_out,
            stop=stop,
            show_progress=True,
        )
    return _report(options, plan, outcomes, out, stop)


def _check_column(options: Options, plan: sweep_file.Plan) -> None:
    from koki2.session import sweep_table

    known = sweep_table.columns_of(plan.kind, options.episodes is not None)
    if options.column is not None and options.column not in known:
        raise runlog.InputError(
            f"--column must be one of {', '.join(known)}, got {options.column}."
        )


def _report(
    options: Options,
    plan: sweep_file.Plan,
    outcomes: list[sweep.Outcome],
    out: pathlib.Path,
    stop: Stop,
) -> int:
    """Writes and prints the table; the plot once all cells are complete."""
    from koki2.session import sweep_table

    more = [options.column] if options.column else []
    table = sweep_table.table(outcomes, plan.settings, more)
    csv, png = out / "sweep.csv", out / "sweep.png"
    sweep_table.write_csv(csv, table.rows)
    is_complete = all(outcome.is_done for outcome in outcomes)
    if is_complete:
        _draw(table, _column(options, table), options.file.stem, png)
    if options.json:
        output.print_json(_facts(table, out, is_complete))
    else:
        _print(table, plan.settings)
        print(f"table: {csv}")
        print(f"plot: {png}" if is_complete else "stopped: the same command goes on")
    return 0 if is_complete else stop.code


def _column(options: Options, table: Any) -> str:
    """What to plot: what was asked for, unseen fitness, or the headline."""
    return options.column or [*table.unseen, *table.results][0]


def _draw(table: Any, column: str, name: str, path: pathlib.Path) -> None:
    from koki2 import pictures

    nan = float("nan")
    unknown = {"mean": nan, "low": nan, "high": nan}
    intervals = {g.label: g.intervals.get(column) or unknown for g in table.groups}
    figure = pictures.sweep_figure(
        {n: (i["mean"], i["low"], i["high"]) for n, i in intervals.items()},
        {group.label: group.values.get(column, []) for group in table.groups},
        column=column,
        title=name,
    )
    pictures.save(figure, path)


def _facts(table: Any, out: pathlib.Path, is_complete: bool) -> dict[str, Any]:
    groups = [
        {"settings": g.settings, "seeds": g.seeds, "intervals": g.intervals}
        for g in table.groups
    ]
    status = "complete" if is_complete else "interrupted"
    return {"out": str(out), "status": status, "cells": table.rows, "groups": groups}


def _print(table: Any, settings: list[str]) -> None:
    rows = []
    for group in table.groups:
        cells = [_cell(group.intervals[name]) for name in table.results]
        rows.append((*map(str, group.settings.values()), len(group.seeds), *cells))
    headings = [name.replace("_", " ") for name in table.results]
    output.print_table((*settings, "seeds", *headings), rows)


def _cell(interval: dict[str, float] | None) -> str:
    if interval is None:
        return "-"
    return f"{interval['mean']:.5g} [{interval['low']:.5g}, {interval['high']:.5g}]"
