"""How the needs of a life went: a row for each, from empty to full, over time."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Polygon
from matplotlib.ticker import MaxNLocator

from koki2.pictures.gauges import need_colors
from koki2.pictures.life import Life
from koki2.pictures.look import GREY, INK, PALE, Show, SMALL

_FULL = 0.86  # of a row


def reserves(axes: Axes, life: Life) -> Show:
    """Draws the needs up to now, each in a row that says its name."""
    colors = need_colors(life)
    count, steps = len(colors), len(life["action"])
    axes.set_xlim(0, steps)
    axes.set_xlabel("time (steps)", fontsize=SMALL)
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.tick_params(labelsize=SMALL, color=GREY)
    axes.set_ylim(count, 0)
    axes.set_yticks([])
    axes.grid(False)
    axes.spines["left"].set_visible(False)
    axes.hlines(range(1, count), 0, steps, color=GREY, linewidth=0.5)
    tops = np.arange(count) + 1 - _FULL
    axes.hlines(tops, 0, steps, color=PALE, linewidth=0.5)
    drawn = []
    for row, (name, color) in enumerate(colors.items()):
        area = Polygon(
            np.zeros((1, 2)), facecolor=color, alpha=0.45, linewidth=0, animated=True
        )
        axes.add_patch(area)
        (line,) = axes.plot([], [], color=color, linewidth=1.3, animated=True)
        axes.annotate(
            name,
            (0, row + 1),
            xycoords=("axes fraction", "data"),
            xytext=(4, 3),
            textcoords="offset points",
            fontsize=SMALL,
            color=INK,
            zorder=4,
            animated=True,
        )
        drawn.append((area, line))

    def show(t: int) -> None:
        x = np.arange(t + 1)
        for row, (area, line) in enumerate(drawn):
            values = np.clip(life["needs"][: t + 1, row], 0.0, 1.0)
            y = row + 1 - _FULL * values
            line.set_data(x, y)
            ground = [[t, row + 1], [0, row + 1]]
            area.set_xy(np.concatenate([np.stack([x, y], axis=1), ground]))

    return show
