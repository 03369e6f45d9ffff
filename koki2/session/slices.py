"""Slices: how many units of a chunk are asked for at a time.

Nothing can interrupt what has been dispatched. So where units are slow, a chunk is
computed in slices of about `SECONDS`, and a signal waits for one slice. The clock
decides the slices and nothing else: a slice fixes no shape, and only whole chunks go to
disk, so that a run leaves the same files however it was cut.
"""

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

SECONDS = 2.0  # that a slice should take

_GROWTH = 4  # a slice is at most so many times as long as the one before
_REMEMBERED = 3  # slices whose pace counts


class Slices(NamedTuple):
    """How a chunk is cut."""

    choose: Callable[[int], int]
    """Units that the chunk still lacks -> how many of them to ask for now."""
    note: Callable[[int, float], None]
    """(units, seconds) of the slice that was computed."""


def fixed(units: int) -> Slices:
    """Cuts into slices of so many units.

    Example:
      >>> fixed(3).choose(10), fixed(3).choose(2)
      (3, 2)
    """
    return Slices(lambda left: min(units, left), lambda units, seconds: None)


def whole() -> Slices:
    """Cuts nothing."""
    return Slices(lambda left: left, lambda units, seconds: None)


def by_clock(seconds: float = SECONDS) -> Slices:
    """Cuts into slices that take about so long, by the pace of the last few.

    The first is one unit, with which all is compiled. Of the last few paces the fastest
    counts, for some of the time may have gone to the disk; and slices grow step by
    step, for units may become slower.

    Args:
      seconds: that a slice should take.

    Example:
      >>> slices = by_clock(2.0)
      >>> slices.choose(100)
      1
      >>> slices.note(1, 30.0)  # it was compiled, too
      >>> slices.choose(99)
      1
      >>> slices.note(1, 0.1)
      >>> slices.choose(98)  # 20 would take two seconds
      4
    """
    paces: deque[float] = deque(maxlen=_REMEMBERED)  # seconds per unit
    longest = 1

    def choose(left: int) -> int:
        if not paces:
            return min(1, left)
        most = int(min(seconds / max(min(paces), 1e-9), float(left)))
        return max(1, min(most, _GROWTH * longest, left))

    def note(units: int, took: float) -> None:
        nonlocal longest
        paces.append(took / units)
        longest = units

    return Slices(choose, note)
