"""How the agent is doing: the clock, what it does, its needs, its arrivals."""

import textwrap
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from koki2.pictures.life import ACTIONS, arrivals, Life, meals, signs
from koki2.pictures.look import BLUE, INK, Number, ORANGE, PALE, PINK, Show, SKY, SMALL

ROW = 28  # pixels
_WIDE = 0.3  # of a column
_LEFT = 0.44
_LETTERS = 20  # of a column
_LINE = 17  # pixels
_KNOWN = {"energy": ORANGE, "integrity": SKY, "hydration": BLUE}
_OTHERS = (PINK, BLUE, SKY, ORANGE)


class Plan(NamedTuple):
    """Which gauge stands where: column, and rows down to its middle."""

    place: dict[str, tuple[int, float]]
    columns: int
    rows: int


def plan(life: Life, *, columns: int) -> Plan:
    """One column of all gauges, or three: the clock, the needs, arrivals.

    Arrivals have as many rows as its words need.
    """
    needs = [str(name) for name in life["need_names"]]
    last = ["arrivals", *(["modulator"] if _learns(life) else [])]
    parts = [["clock", "action"], needs, last]
    if columns == 1:
        parts = [[name for part in parts for name in part]]
    lines = _arrivals({name: 99 for name in _counts(life)}).count("\n") + 1
    tall = {"arrivals": -(-_LINE * lines // ROW)}
    place: dict[str, tuple[int, float]] = {}
    rows = 0
    for i, part in enumerate(parts):
        top = 0
        for name in part:
            high = tall.get(name, 1)
            place[name] = (i, top + 0.5 * high)
            top += high
        rows = max(rows, top)
    return Plan(place, len(parts), rows)


def gauges(axes: Axes, life: Life, planned: Plan) -> Show:
    """Draws the gauges.

    At time t: the clock, the action of step t - 1, every need, how often sources were
    entered, and, where the agent learns, the modulator of step t - 1.
    """
    axes.set_axis_off()
    axes.set_xlim(0, planned.columns)
    axes.set_ylim(planned.rows, 0)
    place, steps = planned.place, len(life["action"])
    counts = _counts(life)
    third = life.get("modulator", np.zeros(1))
    clock = _word(axes, place["clock"], size=12, weight="bold")
    action = _word(axes, place["action"], size=12)
    arrived = _word(axes, place["arrivals"], size=9, linespacing=1.3)
    modulator = _word(axes, place.get("modulator", (0, 0.0)))
    bars = [
        _bar(axes, place[name], name, color)
        for name, color in need_colors(life).items()
    ]

    def show(t: int) -> None:
        clock.set_text(f"t = {t} of {steps}")
        action.set_text(ACTIONS[int(life["action"][t - 1])] if t else "is born")
        arrived.set_text(
            _arrivals({name: int(count[t]) for name, count in counts.items()})
        )
        if "modulator" in place:
            modulator.set_text(f"modulator {third[t - 1] if t else 0.0:.2f}")
        for (filled, number), value in zip(bars, life["needs"][t], strict=True):
            filled.set_width(_WIDE * min(max(float(value), 0.0), 1.0))
            number.set_text(f"{value:.2f}")

    return show


def need_colors(life: Life) -> dict[str, str]:
    """The colour of every need, by name.

    Example:
      >>> list(need_colors({"need_names": np.array(["energy", "warmth"])}).values())
      ['#E69F00', '#CC79A7']
    """
    names = [str(name) for name in life["need_names"]]
    others = (color for color in _OTHERS * len(names))
    return {name: _KNOWN.get(name) or next(others) for name in names}


def _learns(life: Life) -> bool:
    return bool(np.any(life.get("modulator", np.zeros(1))))


def _counts(life: Life) -> dict[str, np.ndarray]:
    """How often what was entered by time t, by name, each [T+1]."""
    total = lambda came: np.cumsum(came.sum(axis=1))
    fed, harmed = meals(life)
    if "kind" not in life:
        harm = {"harm": total(harmed)} if np.any(signs(life) < 0) else {}
        return {"food": total(fed), **harm}
    came, kind = arrivals(life), life["kind"]
    then = np.concatenate([kind[:1], kind[:-1]])
    counts = {
        str(name): total(came & (then == k))
        for k, name in enumerate(life["kind_names"])
        if np.any(kind == k)
    }
    now = signs(life)
    if any(np.ptp(now[(kind == k) & (now != 0)] + 0) for k in np.unique(kind)):
        counts["harm"] = total(harmed)
    return counts


def _arrivals(counts: Mapping[str, int]) -> str:
    """How often what was entered, in lines no longer than a column is wide."""
    lines = [f"{name} {count}×".replace(" ", "\xa0") for name, count in counts.items()]
    return textwrap.fill(", ".join(lines), _LETTERS)


def _word(
    axes: Axes,
    place: tuple[int, float],
    size: Number = 9.5,
    *,
    weight: str = "normal",
    linespacing: Number = 1.2,
) -> Text:
    x, y = place
    return axes.text(
        x,
        y,
        "",
        va="center",
        fontsize=size,
        weight=weight,
        linespacing=linespacing,
        animated=True,
    )


def _bar(
    axes: Axes, place: tuple[int, float], name: str, color: str
) -> tuple[Rectangle, Text]:
    x, y = place
    size = min(9.5, 95 / len(name))
    axes.text(x, y, name, va="center", fontsize=size)
    box = (x + _LEFT, y - 0.22)
    axes.add_patch(Rectangle(box, _WIDE, 0.44, facecolor=PALE, alpha=0.5))
    filled = Rectangle(box, 0, 0.44, facecolor=color, animated=True)
    axes.add_patch(filled)
    number = axes.text(
        x + _LEFT + _WIDE + 0.03,
        y,
        "",
        va="center",
        fontsize=SMALL,
        color=INK,
        animated=True,
    )
    return filled, number
