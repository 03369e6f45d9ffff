"""The results of a sweep: a row per choice of settings, with an interval over seeds."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from koki2.pictures.bars import Interval
from koki2.pictures.look import BLUE, figure, GREY, house, Number, SMALL

_ROW = 0.34  # inches
_LETTERS = 44  # of a label, on one line


def sweep_figure(
    intervals: Mapping[str, Interval],
    dots: Mapping[str, Sequence[Number]],
    *,
    column: str,
    title: str,
) -> Figure:
    """Draws a mean, its interval and the values of single seeds for each row.

    Args:
      intervals: by label, in the order from the top; NaN where unknown.
      dots: by label, a value per seed.
      column: what the values are.
      title: of the figure.

    Raises:
      ValueError: there are no rows.

    Example:
      >>> page = sweep_figure({"lr 0.1": (2.0, 1.0, 3.0)}, {"lr 0.1": [1.0, 3.0]},
      ...                     column="best_fitness", title="a sweep")
      >>> [label.get_text() for label in page.axes[0].get_yticklabels()]
      ['lr 0.1']
    """
    if not intervals:
        raise ValueError("sweep_figure must have one row or more, got none.")
    with house():
        page = figure(9, 1.3 + _ROW * len(intervals))
        axes = page.add_subplot()
        for place, (label, (mean, low, high)) in enumerate(intervals.items()):
            seeds = np.asarray(dots[label], float)
            shifts = np.linspace(-0.18, 0.18, seeds.size) if seeds.size > 1 else 0.0
            axes.plot(seeds, place + shifts + 0 * seeds, "o", color=GREY, markersize=3)
            axes.plot([low, high], [place, place], color=BLUE, linewidth=2)
            axes.plot([mean], [place], "D", color=BLUE, markersize=5)
        axes.set_yticks(
            range(len(intervals)),
            [_short(label) for label in intervals],
            fontsize=SMALL,
        )
        axes.set_ylim(len(intervals) - 0.5, -0.5)
        axes.grid(False, axis="y")
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel(column.replace("_", " "))
        axes.set_title(title)
        note = "diamond: mean; line: 95% over seeds; dots: seeds"
        axes.set_title(note, loc="right", fontsize=SMALL, fontweight="normal")
    return page


def _short(label: str) -> str:
    return label if len(label) <= _LETTERS else f"{label[: _LETTERS - 1]}…"
