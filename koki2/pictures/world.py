"""A world as a map: cells, sources, the agent, where it came from, what it senses.

A function here draws on axes what stays, and returns what brings the rest to time t;
what changes is marked `animated`, so that `film` redraws nothing else. Cells.
"""

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch, Rectangle

from koki2.pictures.fields import fields, MOST
from koki2.pictures.life import Life
from koki2.pictures.look import BLUE, INK, Number, PALE, Show, VERMILLION
from koki2.pictures.sources import key_to_sources, sources

TRAIL = 40  # steps that the path takes to fade,
FADES = 8  # by so many stages
_REACH = 0.25  # of the world: the longest arrow
_AGENT = {"marker": "D", "color": BLUE, "markeredgecolor": "white"}


def world_map(axes: Axes, life: Life, *, cell: Number) -> Show:
    """Draws the world seen from above, north up.

    Args:
      axes: where to; its box should have the shape of the world, or be a strip.
      life: see `life`.
      cell: points per cell, which decides the size of markers.
    """
    width, height = int(life["width"]), int(life["height"])
    _edges(axes, width, height, cell)
    size = min(max(0.9 * cell, 8.0), 15.0)
    shows = [fields(axes, life), sources(axes, life, size=size)]
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
    still = dict(linestyle="none", animated=True, clip_on=False, zorder=5)
    (agent,) = axes.plot([], [], markersize=0.8 * size, **_AGENT, **still)

    senses = "observation" in life

    def show(t: int) -> None:
        for part in shows:
            part(t)
        x, y = life["position"][t]
        agent.set_data([x], [y])
        pieces = _trail(life["position"][: t + 1])
        trail.set_segments(pieces)
        trail.set_color([to_rgba(BLUE, (k + 1) / FADES) for k in range(FADES)])
        tip = _sensed(life, t) if senses else np.zeros(2)
        arrow.set_visible(bool(np.hypot(tip[0], tip[1]) * cell > 6))
        arrow.set_positions((x, y), (x + tip[0], y + tip[1]))

    return show


def key_to(life: Life) -> list[tuple[str, tuple[Artist, ...]]]:
    """What the signs on the map mean: for a legend, names and what to draw beside."""
    found = [("agent", (Line2D([], [], linestyle="none", **_AGENT),))]
    found += key_to_sources(life)
    if "danger" in life and np.any(life["danger"] > 0):
        shade = Rectangle((0, 0), 1, 1, facecolor=VERMILLION, alpha=MOST)
        found.append(("danger", (shade,)))
    if "observation" in life:
        arrow = Line2D([], [], color=INK, marker=5)
        which = "first gradient" if "kind" in life else "gradient"
        found.append((f"{which} sensed", (arrow,)))
    return found


def _trail(path: np.ndarray) -> list[np.ndarray]:
    """The last steps of a path in pieces, one for each stage of fading, oldest first.

    Example:
      >>> pieces = _trail(np.arange(16).reshape(8, 2))
      >>> [len(piece) for piece in pieces], pieces[-1].tolist()[-1]
      ([1, 1, 1, 1, 1, 1, 3, 6], [14, 15])
    """
    each = TRAIL // FADES
    ends = [max(len(path) - 1 - k * each, 0) for k in range(FADES, -1, -1)]
    return [path[a : b + 1] for a, b in zip(ends[:-1], ends[1:], strict=True)]


def _sensed(life: Life, t: int) -> np.ndarray:
    """The gradient as a step on the map, cells, no longer than the map can bear."""
    size = np.array([int(life["width"]), int(life["height"])])
    offset = life["observation"][t, :2] * np.maximum(size - 1, 1) * (size > 1)
    longest = _REACH * size.max()
    return offset * min(1.0, longest / max(float(np.hypot(*offset)), 1e-9))


def _edges(axes: Axes, width: int, height: int, cell: Number) -> None:
    axes.set_xlim(-0.5, width - 0.5)
    axes.set_ylim(height - 0.5, -0.5)
    axes.grid(False)
    for spine in axes.spines.values():
        spine.set_visible(False)
    if cell >= 5:
        lines = dict(color=PALE, linewidth=0.4, zorder=0)
        axes.vlines(np.arange(0.5, width - 1), -0.5, height - 0.5, **lines)
        axes.hlines(np.arange(0.5, height - 1), -0.5, width - 0.5, **lines)
    edge = Rectangle(
        (-0.5, -0.5),
        width,
        height,
        fill=False,
        edgecolor=INK,
        linewidth=2,
        clip_on=False,
        animated=True,  # over danger that changes
        zorder=1,
    )
    axes.add_patch(edge)
    axes.set_xticks([0, width - 1])
    axes.set_yticks([0, height - 1] if height > 1 else [])
    axes.tick_params(length=0)
