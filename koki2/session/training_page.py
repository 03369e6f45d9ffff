"""The page of `koki2 plot` for runs of koki2 train."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from koki2 import pictures, runlog
from koki2.reports.series import series
from koki2.session.folders import RunFolder

_STEPS = ("step", "loss", "lr", "grad_norm", "clipped_share")
_EVALUATIONS = ("train_loss", "val_loss")


def training_page(
    runs: Mapping[str, RunFolder], dims: Sequence[str] | None
) -> tuple[Any, dict[str, int]]:
    """Draws loss, rate, norm and clipping.

    Args:
      runs: run folders by what to call them.
      dims: not for this page.

    Returns:
      The figure, and the steps drawn of each run.

    Raises:
      InputError: no rows yet; or `dims` were given.
    """
    if dims is not None:
        raise runlog.InputError(
            "--dims must be left out: only runs of koki2 qd have an archive."
        )
    columns = {name: _columns(run) for name, run in runs.items()}
    floors = {values.pop("floor", None) for values in columns.values()}
    floor = floors.pop() if len(floors) == 1 else None
    figure = pictures.training_figure(columns, floor=floor)
    return figure, {name: len(values["step"]) for name, values in columns.items()}


def _columns(run: RunFolder) -> dict[str, Any]:
    found: dict[str, Any] = {**series(run.path, _STEPS)}
    rows = list(runlog.read_rows(run.path, "evaluations"))
    found["eval_step"] = [row.get("step", math.nan) for row in rows]
    for name in _EVALUATIONS:
        found[name] = [row.get(name) for row in rows]
    if rows and "floor" in rows[-1]:
        found["floor"] = rows[-1]["floor"]
    return found
