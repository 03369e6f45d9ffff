"""What a life leaves behind it in time: spikes, and, in one dimension, its whole path.

Drawn on an axis of time that stands still for lives that fit, and scrolls for longer
ones. As in `world`, a function draws what stays and returns what brings it to time t.
Steps, cells.
"""

from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import ListedColormap

from koki2.pictures.life import arrivals, Life
from koki2.pictures.look import BLUE, GREEN, GREY, INK, VERMILLION
from koki2.pictures.world import Show

FITS = 160  # steps that are shown at once


class Window(NamedTuple):
    """Which steps are in view."""

    length: int  # steps
    scrolls: bool

    def start(self, t: int) -> int:
        """The first step in view at time t."""
        return max(0, t - self.length) if self.scrolls else 0


def window(life: Life) -> Window:
    """The whole life if it fits, else its last steps."""
    steps = len(life["action"])
    return Window(min(steps, FITS), steps > FITS)
