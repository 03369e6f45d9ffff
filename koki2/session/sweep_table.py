"""The table of a sweep: a row per cell, and one with intervals over its seeds."""

import math
import pathlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from koki2 import pictures
from koki2.reports.table import contrasts, Group, over_seeds, to_csv
from koki2.runlog import atomic
from koki2.session import kinds
from koki2.session.kinds import Kind
from koki2.session.sweep import CELLS, Outcome


class Table(NamedTuple):
    """What the cells of a sweep came to."""

    rows: list[dict[str, Any]]
    """One per cell, with the same columns: settings, seed, status, results, run."""
    results: list[str]
    """The columns that are results."""
    unseen: list[str]
    """Those of them that are of unseen episodes, the one that counts first."""
    groups: list[Group]
    """The rows over seeds."""
    contrasts: list[dict[str, Any]]
    """Each group but the first, less the first; see `reports.table.contrasts`."""
    is_complete: bool
    """Whether all cells are done."""


def table(
    outcomes: Sequence[Outcome], settings: Sequence[str], columns: Sequence[str] = ()
) -> Table:
    """Makes the table of a sweep.

    Args:
      outcomes: of `run_cells`.
      settings: the columns that tell the configs of its cells apart.
      columns: of the last row of each run, beside the headline of its kind; the first
        is what groups are compared in, else unseen fitness or the first result.

    Returns:
      The table. Its columns `unseen_<genome>_fitness` are means over unseen episodes
      of all eval seeds.
    """
    results = [_results(outcome, columns) for outcome in outcomes]
    names = list(dict.fromkeys(name for of_cell in results for name in of_cell))
    rows = [
        {
            **outcome.cell.settings,
            "seed": outcome.cell.seed,
            "status": "interrupted" if outcome.summary is None else "complete",
            **{name: of_cell.get(name) for name in names},
            "run": f"{CELLS}/{outcome.path.name}",
        }
        for outcome, of_cell in zip(outcomes, results, strict=True)
    ]
    unseen = _unseen_columns([kinds.kind_of(o.cell.kind) for o in outcomes])
    unseen = [name for name in unseen if name in names]
    groups = over_seeds(rows, settings, names)
    is_complete = all(outcome.is_done for outcome in outcomes)
    compared = [*columns, *unseen, *names]
    gaps = contrasts(rows, settings, compared[0]) if compared else []
    return Table(rows, names, unseen, groups, gaps, is_complete)


def columns_of(kind: Kind, is_evaluated: bool) -> list[str]:
    """The columns that may be plotted."""
    return [*(_unseen_columns([kind]) if is_evaluated else []), *kind.columns]


def write(
    table: Table, out: pathlib.Path, column: str | None, title: str
) -> dict[str, str]:
    """Writes sweep.csv, and sweep.png once all cells are complete.

    Args:
      table: of the sweep.
      out: its folder.
      column: what to plot; None is the fitness on unseen episodes, or the first result.
      title: of the plot.

    Returns:
      What was written, by what it is: "table", "plot".
    """
    columns = list(table.rows[0])
    text = to_csv(columns, ([row[name] for name in columns] for row in table.rows))
    atomic.write_bytes(out / "sweep.csv", text)
    if not table.is_complete:
        return {"table": str(out / "sweep.csv")}
    column = column or [*table.unseen, *table.results][0]
    unknown = dict.fromkeys(("mean", "low", "high"), math.nan)
    intervals = {g.label: g.intervals.get(column) or unknown for g in table.groups}
    figure = pictures.sweep_figure(
        {n: (i["mean"], i["low"], i["high"]) for n, i in intervals.items()},
        {group.label: group.values.get(column, []) for group in table.groups},
        column=column,
        title=title,
    )
    pictures.save(figure, out / "sweep.png")
    return {"table": str(out / "sweep.csv"), "plot": str(out / "sweep.png")}


def facts(table: Table) -> dict[str, Any]:
    """The cells and their groups in plain values."""
    groups = [
        {"settings": g.settings, "seeds": g.seeds, "intervals": g.intervals}
        for g in table.groups
    ]
    return {"cells": table.rows, "groups": groups, "contrasts": table.contrasts}


def _results(outcome: Outcome, columns: Sequence[str]) -> dict[str, float]:
    summary = outcome.summary or {}
    results = kinds.kind_of(outcome.cell.kind).headline(summary)
    results |= {name: summary[name] for name in columns if name in summary}
    by_genome: dict[str, list[float]] = {}
    for means in outcome.unseen.values():
        for genome, values in means.items():
            by_genome.setdefault(genome, []).append(values["mean_fitness"])
    for genome, values in sorted(by_genome.items()):
        results[_unseen_name(genome)] = float(np.mean(values))
    return results


def _unseen_columns(of_kinds: Sequence[Kind]) -> list[str]:
    genomes = dict.fromkeys(genome for kind in of_kinds for genome in kind.genomes)
    return [_unseen_name(genome) for genome in genomes]


def _unseen_name(genome: str) -> str:
    return f"unseen_{genome}_fitness"
