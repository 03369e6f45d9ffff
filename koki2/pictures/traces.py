"""What a life leaves behind in time: activity, and, in one dimension, its whole path.

Time stands still on the axis for a life that fits, and scrolls for a longer one. As in
`world`, a function draws what stays and returns what brings it to time t. Units: steps
and cells.
"""

from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.ticker import FuncFormatter, MaxNLocator

from koki2.pictures.life import Life, meals, signs
from koki2.pictures.look import BLUE, GREEN, GREY, INK, Show, VERMILLION
from koki2.pictures.sources import COLORS

FITS = 160  # steps shown at once
_ROWS = 120  # more neurons than this share pixels: grey tells how many fire


class Window(NamedTuple):
    """Which steps are in view: at t those from max(0, t - length) to t."""

    length: int
    scrolls: bool


def window(life: Life) -> Window:
    """The whole life if it fits, else the steps before now.

    Example:
      >>> window({"action": np.zeros(128)})
      Window(length=128, scrolls=False)
    """
    steps = len(life["action"])
    return Window(min(steps, FITS), steps > FITS)


def raster(axes: Axes, life: Life, view: Window, *, down: bool) -> Show:
    """Draws which neuron fired when: a row per neuron, or a column if time runs down.

    Spikes are dark; rates are blue below zero and red above. What is of step t is shown
    from time t + 1 on, when its action has been taken.
    """
    spikes = life["spike"]  # [T, N]
    has_rates = bool(np.any((spikes != 0) & (spikes != 1)))
    shades = [BLUE, "white", VERMILLION] if has_rates else ["white", INK]
    neurons = spikes.shape[1]
    time_axis(axes, view, down=down)
    other = (
        (axes.set_xlim, axes.set_xticks) if down else (axes.set_ylim, axes.set_yticks)
    )
    other[0](-0.5, neurons - 0.5)
    other[1]([0, neurons - 1])
    (axes.set_xlabel if down else axes.set_ylabel)("neuron")
    axes.grid(False)
    start, stop = (-view.length, 0) if view.scrolls else (0, view.length)
    span, side = (start, stop), (-0.5, neurons - 0.5)
    image = axes.imshow(
        np.zeros((1, 1)),
        cmap=LinearSegmentedColormap.from_list("activity", shades),
        vmin=-1 if has_rates else 0,
        vmax=1,
        origin="lower",
        aspect="auto",
        interpolation="nearest" if neurons <= _ROWS else "hanning",
        extent=(*side, *span) if down else (*span, *side),
        animated=True,
    )
    edge = axes.axhline if down else axes.axvline
    now = edge(0, color=BLUE, linewidth=0.8, animated=True)

    def show(t: int) -> None:
        first = max(0, t - view.length) if view.scrolls else 0
        seen = np.zeros((view.length, neurons))
        at = view.length - (t - first) if view.scrolls else 0
        seen[at : at + t - first] = spikes[first:t]
        image.set_data(seen if down else seen.T)
        place = [0, 0] if view.scrolls else [t, t]
        (now.set_ydata if down else now.set_xdata)(place)

    return show


def space_time(axes: Axes, life: Life, view: Window) -> Show:
    """Draws where the agent and the sources were when: x across, time down."""
    width = int(life["width"])
    time_axis(axes, view, down=True)
    axes.set_xlim(-0.5, width - 0.5)
    axes.set_xlabel("x (cells)")
    axes.set_ylabel("steps before now" if view.scrolls else "time (steps)")
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    parts = [_track(life, k) for k in range(life["source"].shape[1])]
    track = np.concatenate(parts)
    sign = track[:, 3].astype(int)
    lines = LineCollection(
        [],
        colors=[COLORS[k] for k in sign],
        linestyles=["--" if k < 0 else "-" for k in sign],
        linewidths=2.2,
        alpha=0.75,
        animated=True,
    )
    axes.add_collection(lines)
    (path,) = axes.plot([], [], color=BLUE, linewidth=1.6, animated=True)
    events = []
    fed, harmed = meals(life)
    for came, marker, color in ((fed, "o", GREEN), (harmed, "X", VERMILLION)):
        times = np.nonzero(came.any(axis=1))[0]
        style = dict(linestyle="none", marker=marker, markersize=8, animated=True)
        (drawn,) = axes.plot(
            [], [], color=color, markeredgecolor="white", zorder=4, **style
        )
        events.append((drawn, times))

    def show(t: int) -> None:
        first = max(0, t - view.length) if view.scrolls else 0
        shift = t if view.scrolls else 0
        ends = np.clip(track[:, 1:3], first, t) - shift
        x = track[:, :1]
        lines.set_segments(
            list(
                np.stack(
                    [np.hstack([x, ends[:, :1]]), np.hstack([x, ends[:, 1:]])], axis=1
                )
            )
        )
        steps = np.arange(first, t + 1)
        path.set_data(life["position"][steps, 0], steps - shift)
        for drawn, times in events:
            seen = times[(times >= first) & (times <= t)]
            drawn.set_data(life["position"][seen, 0], seen - shift)

    return show


def time_axis(axes: Axes, view: Window, *, down: bool) -> None:
    limits = (-view.length, 0) if view.scrolls else (0, view.length)
    if down:
        axes.set_ylim(limits[::-1])
    else:
        axes.set_xlim(limits)
        axes.set_xlabel("steps before now" if view.scrolls else "time (steps)")
    axis = axes.yaxis if down else axes.xaxis
    axis.set_major_locator(MaxNLocator(8, integer=True))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{abs(value):.0f}"))
    axes.tick_params(color=GREY)


def _track(life: Life, k: int) -> np.ndarray:
    """The stays of a source: rows (x, from, until, sign), where it was active."""
    x, active = life["source"][:, k, 0], life["active"][:, k].astype(bool)
    sign = signs(life)[:, k]
    seen = np.stack([x, active, sign], axis=1)
    change = np.nonzero(np.any(seen[1:] != seen[:-1], axis=1))[0] + 1
    start = np.concatenate([[0], change])
    stop = np.concatenate([change, [len(x) - 1]])
    stays = np.stack([x[start], start, stop, sign[start]], axis=1).astype(float)
    return stays[active[start]]
