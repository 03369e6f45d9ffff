"""How the agent is doing: the clock, what it does, its reserves, what it met."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from koki2.pictures.life import ACTIONS, arrivals, Life
from koki2.pictures.look import INK, Number, ORANGE, PALE, SKY, SMALL
from koki2.pictures.world import Show

_WIDE = 0.32  # of a column
_LEFT = 0.42


def gauges(axes: Axes, life: Life, *, columns: int) -> Show:
    """Draws six gauges, row by row, in so many columns.

    At time t: the clock, the action of step t - 1, energy, integrity, how often food
    and harm were entered, and, where the agent learns, the modulator of step t - 1.
    """
    axes.set_axis_off()
    axes.set_xlim(0, columns)
    order = ["clock", "energy", "met", "action", "integrity", "modulator"]
    if columns == 1:
        order = ["clock", "action", "energy", "integrity", "met", "modulator"]
    rows = -(-len(order) // columns)
    axes.set_ylim(rows, 0)
    place = {name: (i % columns, i // columns) for i, name in enumerate(order)}
    steps = len(life["action"])
    entered = np.cumsum(arrivals(life), axis=0)
    bad = life["bad"].astype(bool)
    meals, harms = entered[:, ~bad].sum(axis=1), entered[:, bad].sum(axis=1)
    third = life.get("modulator", np.zeros(1))
    clock = _word(axes, place["clock"], size=12, weight="bold")
    action = _word(axes, place["action"], size=12)
    met = _word(axes, place["met"])
    modulator = _word(axes, place["modulator"])
    bars = {
        name: _bar(axes, place[name], name, color)
        for name, color in (("energy", ORANGE), ("integrity", SKY))
    }

    def show(t: int) -> None:
        clock.set_text(f"t = {t} of {steps}")
        action.set_text(ACTIONS[int(life["action"][t - 1])] if t else "is born")
        harm = f", harm {harms[t]}×" if bad.any() else ""
        met.set_text(f"food {meals[t]}×{harm}")
        if third.any():
            modulator.set_text(f"modulator {third[t - 1] if t else 0.0:.2f}")
        for name, (filled, number) in bars.items():
            value = float(life[name][t])
            filled.set_width(_WIDE * min(max(value, 0.0), 1.0))
            number.set_text(f"{value:.2f}")

    return show


def _word(axes: Axes, place: tuple[int, int], size: Number = 9.5, **style) -> Text:
    x, y = place
    return axes.text(x, y + 0.5, "", va="center", fontsize=size, animated=True, **style)


def _bar(axes: Axes, place: tuple[int, int], name: str, color: str):
    x, y = place
    axes.text(x, y + 0.5, name, va="center", fontsize=9.5)
    box = (x + _LEFT, y + 0.28)
    axes.add_patch(Rectangle(box, _WIDE, 0.44, facecolor=PALE, alpha=0.5))
    filled = Rectangle(box, 0, 0.44, facecolor=color, animated=True)
    axes.add_patch(filled)
    number = axes.text(
        x + _LEFT + _WIDE + 0.03,
        y + 0.5,
        "",
        va="center",
        fontsize=SMALL,
        color=INK,
        animated=True,
    )
    return filled, number
