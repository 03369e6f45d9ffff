"""Bars with intervals: a few means side by side, and how sure we are of each."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from koki2.pictures.look import figure_of, INK, Number, role_color, SMALL

Interval = tuple[Number, Number, Number]  # mean, low, high; NaN where unknown
_FILL = 0.8  # of the room of a group
_NUMBER = 0.55  # inches that a number needs


def bars(
    axes: Axes,
    groups: Mapping[str, Sequence[Interval]],
    *,
    dots: Mapping[str, Sequence[Sequence[Number]]] | None = None,
    names: Mapping[str, str] | None = None,
) -> None:
    """Draws, for every group, bars side by side, each with whiskers and its number.

    The axis starts at zero, unless all that matters happens far from there; then it
    starts below the lowest number, and says so.

    Args:
      axes: where to.
      groups: for each group, which also decides the colour ("best", "greedy", ...),
        one interval per bar; NaN for low and high draws no whiskers, NaN for the mean
        no bar.
      dots: the single values behind each bar, of runs, say.
      names: what to write under a group, if not its key.

    Raises:
      ValueError: groups with different numbers of bars.
    """
    counts = {len(intervals) for intervals in groups.values()}
    if len(counts) != 1 or counts == {0}:
        raise ValueError(
            "bars needs as many bars in each group, and at least one, got "
            f"{ {group: len(intervals) for group, intervals in groups.items()} }."
        )
    wide = _FILL / counts.pop()
    inches = axes.get_position().width * figure_of(axes).get_figwidth()
    crowded = bool(inches * wide / len(groups) < _NUMBER)
    seen = []
    for place, (group, intervals) in enumerate(groups.items()):
        color = role_color(group)
        for i, (mean, low, high) in enumerate(intervals):
            behind = list(dots[group][i]) if dots else []
            seen += [v for v in (mean, low, high, *behind) if np.isfinite(v)]
            if not np.isfinite(mean):
                continue
            x = place - _FILL / 2 + (i + 0.5) * wide
            axes.bar(x, mean, 0.9 * wide, color=color, alpha=0.45, linewidth=0)
            axes.plot([x - 0.45 * wide, x + 0.45 * wide], [mean, mean], color=color)
            if np.isfinite(low) and np.isfinite(high):
                _whiskers(axes, x, low, high, 0.07 * wide)
            shifts = np.linspace(-0.25, 0.25, len(behind)) * wide if behind else []
            axes.plot(x + np.asarray(shifts), behind, "o", color=INK, markersize=2.5)
            top = np.nanmax([mean, high, *behind])
            _number(axes, x, top, mean, crowded=crowded)
    _limits(axes, seen)
    axes.set_xlim(-0.6, len(groups) - 0.4)
    axes.set_xticks(range(len(groups)), [(names or {}).get(g, g) for g in groups])
    axes.tick_params(axis="x", length=0)
    axes.grid(False, axis="x")


def _whiskers(axes: Axes, x: Number, low: Number, high: Number, half: Number) -> None:
    xs = [x, x, np.nan, x - half, x + half, np.nan, x - half, x + half]
    ys = [low, high, np.nan, low, low, np.nan, high, high]
    axes.plot(xs, ys, color=INK, linewidth=1.1)


def _number(axes: Axes, x: Number, top: Number, mean: Number, *, crowded: bool) -> None:
    axes.annotate(
        f"{mean:#.4g}",
        (x, top),
        xytext=(0, 3),
        textcoords="offset points",
        ha="center",
        va="bottom",
        fontsize=SMALL - 1 if crowded else SMALL,
        rotation=90 if crowded else 0,
    )


def _limits(axes: Axes, seen: Sequence[Number]) -> None:
    low, high = min(seen, default=0.0), max(seen, default=1.0)
    gap = (high - low) or abs(high) * 0.1 or 1.0
    if low > 0 and gap < 0.6 * high:  # zero is far away
        step = 10 ** np.floor(np.log10(gap))
        start = np.floor((low - 0.35 * gap) / step) * step
        axes.set_ylim(start, high + 0.3 * gap)
        axes.set_ylabel(f"{axes.get_ylabel()}\n(axis starts at {start:.4g})")
    else:
        axes.set_ylim(min(low - 0.1 * gap, 0.0), max(high + 0.25 * gap, 0.0))
