"""A world as a map: walls, sources, the agent, where it came from, what it senses.

A function here draws on axes what stays, and returns what brings the rest to time t;
what changes is marked `animated`, so that `film` redraws nothing else. Cells.
"""

from collections.abc import Callable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch, Rectangle

from koki2.pictures.life import Life
from koki2.pictures.look import BLUE, GREEN, INK, Number, PALE, VERMILLION

Show = Callable[[int], None]  # brings a drawing to time t

TRAIL = 40  # steps that the path takes to fade
_REACH = 0.25  # of the world: the longest arrow
_FOOD = {"marker": "o", "color": GREEN}
_HARM = {"marker": "X", "color": VERMILLION}
_AGENT = {"marker": "D", "color": BLUE, "markeredgecolor": "white"}


def world_map(axes: Axes, life: Life, *, cell: Number) -> Show:
    """Draws the world seen from above, north up.

    Args:
      axes: where to; its box should have the shape of the world, or be a strip.
      life: see `life`.
      cell: points per cell, which decides the size of markers.
    """
    width, height = int(life["width"]), int(life["height"])
    _walls(axes, width, height, cell)
    size = min(max(0.9 * cell, 8.0), 15.0)
    still = dict(linestyle="none", animated=True, clip_on=False, zorder=3)
    bad = life["bad"].astype(bool)
    kinds = []  # (drawn, which sources, when active)
    for which, style in ((~bad, _FOOD), (bad, _HARM)):
        for active, alpha in ((False, 0.22), (True, 1.0)):
            (line,) = axes.plot([], [], markersize=size, alpha=alpha, **style, **still)
            kinds.append((line, which, active))
    trail = LineCollection([], linewidths=2, animated=True, zorder=2)
    axes.add_collection(trail)
    arrow = FancyArrowPatch(
        (0, 0),
        (1, 1),
        arrowstyle="-|>",
        mutation_scale=11,
        color=INK,
        linewidth=1.2,
        shrinkA=0.4 * size,
        shrinkB=0,
        animated=True,
        zorder=4,
    )
    axes.add_patch(arrow)
    (agent,) = axes.plot(
        [], [], markersize=0.8 * size, **_AGENT, **still | {"zorder": 5}
    )

    senses = "observation" in life

    def show(t: int) -> None:
        for line, which, active in kinds:
            seen = life["source"][t][which & (life["active"][t].astype(bool) == active)]
            line.set_data(seen[:, 0], seen[:, 1])
        x, y = life["position"][t]
        agent.set_data([x], [y])
        path = life["position"][max(0, t - TRAIL) : t + 1].astype(float)
        trail.set_segments(np.stack([path[:-1], path[1:]], axis=1))
        age = np.arange(len(path) - 1, 0, -1) / TRAIL
        trail.set_color([to_rgba(BLUE, 1 - 0.9 * a) for a in age])
        tip = _sensed(life, t) if senses else np.zeros(2)
        arrow.set_visible(bool(np.hypot(*tip) * cell > 6))
        arrow.set_positions((x, y), (x + tip[0], y + tip[1]))

    return show


def key_to(life: Life) -> list[Line2D]:
    """What the signs on the map mean, for a legend."""
    sign = lambda label, **style: Line2D([], [], linestyle="none", label=label, **style)
    bad = life["bad"].astype(bool)
    found = [sign("agent", **_AGENT)]
    if not bad.all():
        found.append(sign("food", **_FOOD))
    if bad.any():
        found.append(sign("harm", **_HARM))
    if not life["active"].all():
        kind = _FOOD if not bad.all() else _HARM
        found.append(sign("used up", **kind | {"alpha": 0.22}))
    if "observation" in life:
        found.append(Line2D([], [], color=INK, marker=5, label="gradient sensed"))
    return found


def _sensed(life: Life, t: int) -> np.ndarray:
    """The gradient as a step on the map, cells, no longer than the map can bear."""
    size = np.array([int(life["width"]), int(life["height"])])
    offset = life["observation"][t, :2] * np.maximum(size - 1, 1) * (size > 1)
    longest = _REACH * size.max()
    return offset * min(1.0, longest / max(float(np.hypot(*offset)), 1e-9))


def _walls(axes: Axes, width: int, height: int, cell: Number) -> None:
    axes.set_xlim(-0.5, width - 0.5)
    axes.set_ylim(height - 0.5, -0.5)
    axes.grid(False)
    for spine in axes.spines.values():
        spine.set_visible(False)
    if cell >= 5:
        lines = dict(color=PALE, linewidth=0.4, zorder=0)
        axes.vlines(np.arange(0.5, width - 1), -0.5, height - 0.5, **lines)
        axes.hlines(np.arange(0.5, height - 1), -0.5, width - 0.5, **lines)
    walls = Rectangle(
        (-0.5, -0.5),
        width,
        height,
        fill=False,
        edgecolor=INK,
        linewidth=2,
        clip_on=False,
    )
    axes.add_patch(walls)
    axes.set_xticks([0, width - 1])
    axes.set_yticks([0, height - 1] if height > 1 else [])
    axes.tick_params(length=0)
