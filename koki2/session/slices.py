"""Slices: how many units of a chunk are asked for at a time.

Nothing can interrupt what has been dispatched. So where units are slow, a chunk is
computed in slices of about `SECONDS`, and a signal waits for one slice. The clock
decides the slices and nothing else: a slice fixes no shape, and only whole chunks go to
disk, so that a run leaves the same files however it was cut.
"""

from collections.abc import Callable
from typing import NamedTuple

SECONDS = 2.0  # that a slice should take

_GROWTH = 4  # a slice is at most so many times as long as the one before


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
    """Cuts into slices that take about so long, by the pace of the last.

    The first is one unit, with which all is compiled. Slices grow step by step, for
    units may become slower; where some of the time went to the disk, they are shorter
    than they could be, until the next.

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
    most = 1

    def choose(left: int) -> int:
        return min(most, left)

    def note(units: int, took: float) -> None:
        nonlocal most
        in_time = units * seconds / max(took, 1e-9)
        most = max(1, int(min(in_time, _GROWTH * max(units, most))))

    return Slices(choose, note)
