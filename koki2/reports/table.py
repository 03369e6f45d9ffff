"""Tables of many runs: rows that differ only in their seed become one with intervals.

A row is plain values by column: settings, `seed`, then results.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from koki2.reports.metrics import is_number
from koki2.reports.statistics import interval

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
    grouped: dict[str, list[Row]] = {}
    for row in rows:
        grouped.setdefault(repr([row[name] for name in settings]), []).append(row)
    return [_group(members, settings, results) for members in grouped.values()]


def to_csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    r"""Writes rows as CSV.

    Example:
      >>> to_csv(["lr", "seed"], [(0.1, 3), (None, 4)])
      b'lr,seed\n0.1,3\n,4\n'
    """
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([columns, *rows])
    return text.getvalue().encode()


def _group(
    rows: Sequence[Row], settings: Sequence[str], results: Sequence[str]
) -> Group:
    values = {
        name: [float(row[name]) for row in rows if _is_known(row.get(name))]
        for name in results
    }
    return Group(
        settings={name: rows[0][name] for name in settings},
        seeds=[row["seed"] for row in rows],
        values=values,
        intervals={n: interval(v) if v else None for n, v in values.items()},
    )


def _is_known(value: Any) -> bool:
    return is_number(value) and value == value
