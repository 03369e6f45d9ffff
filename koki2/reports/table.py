"""Tables of many runs: rows that differ only in their seed become one with intervals.

A row is plain values by column: settings, `seed`, then results.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from koki2.reports.metrics import is_number
from koki2.reports.statistics import interval, paired, with_holm

Row = Mapping[str, Any]


class Group(NamedTuple):
    """The rows of one choice of settings."""

    settings: dict[str, Any]
    seeds: list[int]
    values: dict[str, list[float]]
    """By column, one number per seed; seeds without that number are left out."""
    intervals: dict[str, dict[str, float] | None]
    """By column, mean, low, high and level over seeds; None if there is no number."""

    @property
    def label(self) -> str:
        """The settings on one line.

        Example:
          >>> Group({"sigma": 0.1, "label": "wide"}, [], {}, {}).label
          'sigma 0.1, wide'
        """
        words = [
            str(value) if name == "label" else f"{name} {value}"
            for name, value in self.settings.items()
        ]
        return ", ".join(words) or "all runs"


def over_seeds(
    rows: Sequence[Row], settings: Sequence[str], results: Sequence[str]
) -> list[Group]:
    """Groups rows by their settings, in the order in which these first appear.

    Args:
      rows: one per run, each with a column `seed`.
      settings: the columns that tell groups apart.
      results: the columns of which to report the interval over seeds.

    Example:
      >>> rows = [{"lr": 1, "seed": s, "fitness": 2.0 * s} for s in (3, 5)]
      >>> (group,) = over_seeds(rows, ["lr"], ["fitness"])
      >>> group.label, group.seeds, group.intervals["fitness"]["mean"]
      ('lr 1', [3, 5], 8.0)
    """
    return [_group(members, settings, results) for members in _grouped(rows, settings)]


def contrasts(
    rows: Sequence[Row], settings: Sequence[str], column: str
) -> list[dict[str, Any]]:
    """Compares every group of rows with the first, paired by seed.

    Args:
      rows: one per run, each with a column `seed`.
      settings: the columns that tell groups apart.
      column: what to compare.

    Returns:
      For each group that shares two seeds or more with the first, "settings", "column",
      and that of `statistics.paired` and `with_holm`.

    Example:
      >>> row = lambda lr, seed: {"lr": lr, "seed": seed, "fitness": lr * seed}
      >>> rows = [row(1, 3), row(1, 5), row(2, 3), row(2, 5)]
      >>> (gap,) = contrasts(rows, ["lr"], "fitness")  # 6 - 3 and 10 - 5
      >>> gap["settings"], gap["mean"], gap["seeds"]
      ({'lr': 2}, 4.0, 2)
    """
    first, *others = [
        (
            members,
            {row["seed"]: float(row[column]) for row in members if _has(row, column)},
        )
        for members in _grouped(rows, settings)
    ]
    gaps = []
    for members, values in others:
        seeds = [seed for seed in values if seed in first[1]]
        if len(seeds) > 1:
            gap = paired([values[s] for s in seeds], [first[1][s] for s in seeds])
            gaps.append({"settings": _settings(members, settings), **gap})
    return [{"column": column, **gap} for gap in with_holm(gaps)]


def to_csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    r"""Writes rows as CSV.

    Example:
      >>> to_csv(["lr", "seed"], [(0.1, 3), (None, 4)])
      b'lr,seed\n0.1,3\n,4\n'
    """
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([columns, *rows])
    return text.getvalue().encode()


def _grouped(rows: Sequence[Row], settings: Sequence[str]) -> list[list[Row]]:
    grouped: dict[str, list[Row]] = {}
    for row in rows:
        grouped.setdefault(repr([row[name] for name in settings]), []).append(row)
    return list(grouped.values())


def _settings(members: Sequence[Row], settings: Sequence[str]) -> dict[str, Any]:
    return {name: members[0][name] for name in settings}


def _group(
    rows: Sequence[Row], settings: Sequence[str], results: Sequence[str]
) -> Group:
    values = {
        name: [float(row[name]) for row in rows if _has(row, name)] for name in results
    }
    return Group(
        settings=_settings(rows, settings),
        seeds=[row["seed"] for row in rows],
        values=values,
        intervals={n: interval(v) if v else None for n, v in values.items()},
    )


def _has(row: Row, column: str) -> bool:
    value = row.get(column)
    return is_number(value) and value == value
