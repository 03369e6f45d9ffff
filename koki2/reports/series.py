"""Series: columns of a run's rows, checked, to be drawn."""

import math
import pathlib
import shlex
from collections.abc import Sequence
from typing import Any

from koki2 import runlog
from koki2.reports import metrics
from koki2.runlog.reading import read_streams


def series(
    run: pathlib.Path, names: Sequence[str], *, maybe: Sequence[str] = ()
) -> dict[str, list[Any]]:
    """Reads columns of the stream "metrics".

    Args:
      run: the folder.
      names: columns of numbers, null (NaN here) where one is not known; the first
        counts the rows, from 0.
      maybe: columns that may be missing, or null.

    Raises:
      InputError: no such run, or no rows yet.
      BrokenRunError: a row that lacks a number, is there twice, or out of order.
    """
    file = run / read_streams(run)["metrics"]
    columns: dict[str, list[Any]] = {name: [] for name in (*names, *maybe)}
    for i, row in enumerate(runlog.read_rows(run)):
        where = f"{file}, line {i + 1}, should"
        for name in names:
            value = row.get(name, "nothing")
            value = math.nan if value is None else value
            if not metrics.is_number(value):
                raise runlog.BrokenRunError(
                    f"{where} have a number {name}, got {value!r:.40}."
                )
            columns[name].append(value)
        if row[names[0]] != i:
            raise runlog.BrokenRunError(
                f"{where} be {names[0]} {i}, is {row[names[0]]!r:.40}."
            )
        for name in maybe:
            value = row.get(name)
            columns[name].append(value if metrics.is_number(value) else None)
    if not columns[names[0]]:
        raise no_rows(run)
    return columns


def no_rows(run: pathlib.Path) -> runlog.InputError:
    """The error of a run that has no rows."""
    return runlog.InputError(
        f"{run} has no rows yet; if no process is writing it, koki2 resume "
        f"{shlex.quote(str(run))} goes on with it."
    )


def distinct(runs: Sequence[pathlib.Path]) -> dict[str, pathlib.Path]:
    """Each run once, by the shortest end of its path that names no other."""
    paths = list({path.resolve(): path for path in runs}.values())
    whole = [path.resolve().parts for path in paths]
    names: list[str] = []
    for length in range(1, max(map(len, whole)) + 1):
        names = ["/".join(parts[-length:]) for parts in whole]
        if len(set(names)) == len(names):
            break
    return dict(zip(names, paths, strict=True))
