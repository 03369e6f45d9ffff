"""What a search is worth: fitness on episodes that it never saw, as bars."""

import math
import textwrap
from collections.abc import Mapping

from matplotlib.axes import Axes

from koki2.pictures.bars import bars, Interval
from koki2.pictures.look import figure_of, GREY, SMALL

HeldOut = Mapping[int, Mapping[str, Interval]]  # by eval seed, then by who lived

_UNKNOWN = (math.nan, math.nan, math.nan)
_NAMES = {"best": "best genome", "mean": "mean genome"}
_LETTERS = 13  # per inch
_ORDER = ("best", "mean", "greedy", "random", "stay", "planner", "oracle")


def unseen_lives(
    axes: Axes,
    held_out: Mapping[str, HeldOut],
    over_runs: HeldOut,
    *,
    runs: int,
    advice: str,
) -> None:
    """Draws a group of bars for each who lived, with one bar per eval seed.

    One run: its means, with the intervals that came with them. Several runs: their
    means as dots, the mean of these as a bar, with an interval over runs.

    Args:
      axes: where to.
      held_out: by run; (mean, low, high) by eval seed and by who lived.
      over_runs: the mean of several runs and its interval, likewise.
      runs: how many runs there are, held out or not.
      advice: what to say where nothing is held out.
    """
    held_out = {name: found for name, found in held_out.items() if found}
    if not held_out:
        axes.set_axis_off()
        _say(axes, advice)
        return
    seeds = sorted({seed for found in held_out.values() for seed in found})
    who = {w for found in held_out.values() for lives in found.values() for w in lives}
    single = len(held_out) == 1
    groups: dict[str, list[Interval]] = {}
    dots: dict[str, list[list[float]]] = {}
    for w in sorted(who, key=_rank):
        groups[w], dots[w] = [], []
        for seed in seeds:
            found = [f[seed][w] for f in held_out.values() if w in f.get(seed, {})]
            means = [mean for mean, _, _ in found]
            several = over_runs.get(seed, {}).get(w, _UNKNOWN)
            groups[w].append(found[0] if single and found else several)
            dots[w].append(means)
    axes.set_ylabel("mean fitness")
    bars(axes, groups, dots=None if single else dots, names=_NAMES)
    note = _note(seeds, of=len(held_out), runs=runs)
    axes.set_title(note, loc="right", fontsize=SMALL, fontweight="normal")


def _say(axes: Axes, text: str) -> None:
    """Writes lines over empty axes, folded where they would leave them."""
    inches = axes.get_position().width * figure_of(axes).get_figwidth()
    letters = int(inches * _LETTERS)
    folded = [
        part for line in text.split("\n") for part in textwrap.wrap(line, letters)
    ]
    axes.text(
        0,
        0.95,
        "\n".join(folded),
        transform=axes.transAxes,
        va="top",
        color=GREY,
        fontsize=9,
        linespacing=1.5,
    )


def _note(seeds: list[int], *, of: int, runs: int) -> str:
    notes = []
    if len(seeds) > 1:
        notes.append(f"from left, eval seeds {', '.join(map(str, seeds))}")
    else:
        notes.append(f"eval seed {seeds[0]}")
    if of > 1:
        notes.append("dots: runs")
    notes.append(f"whiskers: 95% over {'episodes' if of == 1 else 'runs'}")
    if runs > of:
        notes.append(f"{of} of {runs} runs evaluated")
    return "; ".join(notes)


def _rank(who: str) -> tuple[int, str]:
    return (_ORDER.index(who) if who in _ORDER else len(_ORDER), who)
