"""The look of every picture: colours with a fixed meaning, fonts, grid.

The colours are Okabe and Ito's, which the common colour blindnesses keep apart; and
colour never stands alone: a label, a shape or a place says the same. The font is the
one that comes with matplotlib, so that it is everywhere. Sizes in inches and points.
"""

import contextlib
from collections.abc import Callable
from typing import Literal

import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

BLUE = "#0072B2"
SKY = "#56B4E9"
GREEN = "#009E73"
ORANGE = "#E69F00"
VERMILLION = "#D55E00"
PINK = "#CC79A7"
GREY = "#7F7F7F"
INK = "#222222"
PALE = "#D9D9D9"  # grid, walls of empty bars
COLORS = (BLUE, SKY, GREEN, ORANGE, VERMILLION, PINK, GREY, INK, PALE)

ROLES = {
    "best": BLUE,
    "mean": SKY,
    "greedy": ORANGE,
    "random": GREY,
    "stay": PINK,
    "planner": GREEN,
    "oracle": GREEN,  # as older runs call it
}

Number = float | int
Show = Callable[[int], None]  # brings a drawing to time t

DPI = 120  # of figures; films count in pixels
SMALL = 8.5  # points

_SETTINGS = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": PALE,
    "grid.linewidth": 0.5,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "xtick.color": INK,
    "ytick.color": INK,
    "text.color": INK,
    "text.parse_math": False,  # a "$" in the name of a run is a "$"
    "legend.frameon": False,
    "lines.solid_capstyle": "round",
    "pdf.fonttype": 42,  # text that can be searched
    "svg.hashsalt": "koki2",  # same picture, same bytes
}


def house() -> contextlib.AbstractContextManager[None]:
    """Within it matplotlib draws in the house's look; outside, nothing has changed.

    What a user's matplotlibrc says is left out, so a picture is the same for everyone.

    Example:
      >>> with house():
      ...     matplotlib.rcParams["svg.hashsalt"]
      'koki2'
    """
    return matplotlib.style.context(["default", _SETTINGS])


def figure(
    width: Number,
    height: Number,
    *,
    dpi: int = DPI,
    layout: Literal["constrained"] | None = "constrained",
) -> Figure:
    """An empty figure that draws itself (Agg). Call it, and draw, within `house`.

    Args:
      width, height: inches.
      dpi: pixels per inch.
      layout: "constrained" keeps labels from overlapping; None places nothing by
        itself.

    Example:
      >>> with house():
      ...     figure(6, 4).get_size_inches().tolist()
      [6.0, 4.0]
    """
    made = Figure(figsize=(width, height), dpi=dpi, layout=layout)
    FigureCanvasAgg(made)
    return made


def figure_of(axes: Axes) -> Figure:
    """Returns the whole figure that axes are part of.

    Raises:
      ValueError: they are part of none.

    Example:
      >>> with house():
      ...     page = figure(6, 4)
      ...     figure_of(page.add_subplot()) is page
      True
    """
    found = axes.get_figure(root=True)
    if found is None:
        raise ValueError("axes must be part of a figure, got axes of none.")
    return found


def role_color(role: str) -> str:
    """The colour of who lived: best, mean, greedy, random, stay, planner; else ink.

    Example:
      >>> role_color("best"), role_color("somebody")
      ('#0072B2', '#222222')
    """
    return ROLES.get(role, INK)
