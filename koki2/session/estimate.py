"""Refuses a run that this machine cannot hold, before its folder is made."""

import os
import pathlib
from collections.abc import Iterator, Sequence
from typing import Any

from koki2 import runlog
from koki2.session.kinds import Kind, kind_of
from koki2.session.sweep_cells import Cell

_LONGEST = 10 * 365 * 86400.0  # seconds that a run may take
_UNITS = ("B", "kB", "MB", "GB", "TB", "PB", "EB")


def check(
    kind: Kind, config: Any, runs: int = 1, *, jobs: int = 1, force: bool = False
) -> None:
    """Raises InputError for runs that need more memory, or time, than there is.

    Args:
      kind: of the runs; one that estimates nothing passes.
      config: of the runs.
      runs: how many seeds a process is to run.
      jobs: how many processes do so at a time.
      force: let all pass.
    """
    if force or kind.estimate is None:
        return
    with runlog.raising(runlog.InputError):
        needed = kind.estimate(config, runs)
    there, most = memory(), needed.largest
    if there is not None and jobs * needed.peak > there:
        each = f"{jobs} processes would take, each," if jobs > 1 else "this would take"
        raise runlog.InputError(
            f"{each} about {text(needed.peak)} of memory, of which "
            f"{text(needed.parts[most])} for {most} ({needed.settings[most]}), and "
            f"there are {text(there)}; --force starts it all the same."
        )
    if needed.seconds > _LONGEST:
        years = needed.seconds / (365 * 86400)
        raise runlog.InputError(
            f"this would take about {years:.2g} years; --force starts it all the same."
        )


def check_cells(cells: Sequence[Cell], jobs: int = 1, *, force: bool = False) -> None:
    """Raises InputError for a sweep of which any cell needs more than there is.

    Args:
      cells: of the sweep.
      jobs: how many processes run them.
      force: let all pass.
    """
    by_shape: dict[str, list[Cell]] = {}
    for cell in cells:
        by_shape.setdefault(cell.shape, []).append(cell)
    for members in by_shape.values():
        first = members[0]
        kind, runs = kind_of(first.kind), len(members)
        check(kind, first.config, runs, jobs=min(jobs, len(cells)), force=force)


def text(size: int | float) -> str:
    """A number of bytes in two or three digits.

    Example:
      >>> text(950e6), text(3.6e10), text(2e30)
      ('950 MB', '36 GB', '2e+12 EB')
    """
    for unit in _UNITS[:-1]:
        if size < 999.5:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} {_UNITS[-1]}"


def memory(root: pathlib.Path = pathlib.Path("/")) -> int | None:
    """Bytes of memory that this process may use: of the machine, or its container.

    Args:
      root: where /proc and /sys are.

    Returns:
      None where the system does not say.
    """
    found = list(_limits(root))
    if hasattr(os, "sysconf"):
        found.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    return min(found, default=None)


def _limits(root: pathlib.Path) -> Iterator[int]:
    """The limits of the control groups that this process is in, of either version."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:  # no Linux
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            top, name = root / "sys/fs/cgroup", "memory.max"
        elif "memory" in controllers.split(","):
            top, name = root / "sys/fs/cgroup/memory", "memory.limit_in_bytes"
        else:
            continue
        folder = top / path.strip("/")
        for each in (folder, *folder.parents):
            if each.is_relative_to(top):
                yield from _number(each / name)


def _number(path: pathlib.Path) -> Iterator[int]:
    try:
        word = path.read_text().strip()
    except OSError:
        return
    if word.isdigit():  # else "max"
        yield int(word)
