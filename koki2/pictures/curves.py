"""Curves over time: one with a band around it, or many with the band they make."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes

from koki2.pictures.look import Number

Values = (
    Sequence[Number | None] | np.ndarray
)  # numbers; None, NaN and infinity are missing
_POINTS = 2000  # more than a picture has columns


class Across(NamedTuple):
    """What many curves have in common: quartiles at each x."""

    x: np.ndarray
    q25: np.ndarray
    median: np.ndarray
    q75: np.ndarray


def line_with_band(
    axes: Axes,
    x: Values,
    middle: Values,
    low: Values,
    high: Values,
    *,
    color: str,
    label: str | None = None,
) -> None:
    """Draws a bold line in a pale band. A value that is not finite leaves a gap.

    Args:
      axes: where to.
      x, middle, low, high: equally many numbers.
      color: of both.
      label: for a legend, or for reading the lines back.
    """
    x, middle, low, high = (finite(values) for values in (x, middle, low, high))
    axes.fill_between(x, low, high, color=color, alpha=0.18, linewidth=0)
    line(axes, x, middle, color=color, linewidth=2, label=label)


def line(
    axes: Axes,
    x: Values,
    y: Values,
    *,
    color: str,
    linewidth: Number,
    alpha: Number | None = None,
    label: str | None = None,
) -> None:
    """Draws a line; a single point, which makes no line, is drawn as a dot."""
    x, y = finite(x), finite(y)
    alone = np.count_nonzero(np.isfinite(x) & np.isfinite(y)) == 1
    axes.plot(
        x,
        y,
        marker="o" if alone else None,
        color=color,
        linewidth=linewidth,
        alpha=alpha,
        label=label,
    )


def across_runs(curves: Sequence[tuple[Values, Values]]) -> Across:
    """Quartiles over several curves, where all of them are.

    A curve holds its last value until its next point, as the best so far does; so
    curves need not have their points at the same x. Values that are not finite do not
    count.

    Args:
      curves: pairs (x, y), x rising.

    Returns:
      Quartiles at every x that occurs (thinned evenly beyond 2000), between the last
      of the starts and the first of the ends; nothing if the curves share no x.

    Example:
      >>> found = across_runs([([0, 1, 2], [1, 1, 5]), ([0, 2, 4], [3, 7, 9])])
      >>> found.x.tolist(), found.median.tolist()
      ([0.0, 1.0, 2.0], [2.0, 2.0, 6.0])
    """
    pairs = [(finite(x), finite(y)) for x, y in curves]
    pairs = [(x, y) for x, y in pairs if x.size]
    nothing = Across(*np.zeros((4, 0)))
    if not pairs:
        return nothing
    start, end = max(x[0] for x, _ in pairs), min(x[-1] for x, _ in pairs)
    grid = np.unique(np.concatenate([x for x, _ in pairs]))
    grid = grid[(grid >= start) & (grid <= end)]
    if grid.size > _POINTS:
        grid = grid[np.linspace(0, grid.size - 1, _POINTS).astype(int)]
    held = np.array([y[np.searchsorted(x, grid, "right") - 1] for x, y in pairs])
    known = np.isfinite(held).any(axis=0)
    if not known.any():
        return nothing
    low, middle, high = np.nanquantile(held[:, known], [0.25, 0.5, 0.75], axis=0)
    return Across(grid[known], low, middle, high)


def moving_median(values: Values, window: int) -> np.ndarray:
    """The median of each value and its neighbours; what is not finite does not count.

    Args:
      values: numbers.
      window: how many neighbours, itself included; odd. Fewer at the ends.

    Example:
      >>> moving_median([1.0, 9.0, 2.0, None, 4.0], window=3).tolist()
      [5.0, 2.0, 5.5, 3.0, 4.0]
    """
    known, half = finite(values), window // 2
    if half == 0 or not known.size:
        return known
    ends = np.full(half, np.nan)
    rows = np.concatenate([ends, known, ends])
    rows = np.lib.stride_tricks.sliding_window_view(rows, window)
    out = np.full(known.shape, np.nan)
    some = np.isfinite(rows).any(axis=1)
    out[some] = np.nanmedian(rows[some], axis=1)
    return out


def finite(values: Values) -> np.ndarray:
    """Floats, with NaN for what is missing (None) or infinite.

    Example:
      >>> finite([1, None, float("inf")]).tolist()
      [1.0, nan, nan]
    """
    array = np.asarray(values, dtype=float)
    return np.where(np.isfinite(array), array, np.nan)
