"""How far a run is, for people, on stderr: a bar on a terminal, plain lines elsewhere.

It is told after every chunk, from rows that are on the host already; it never asks JAX
for anything. Until the first chunk is there, a spinner says how long compiling takes.
"""

import sys
import time
from collections.abc import Callable
from typing import Any

from koki2.core.program import Program
from koki2.session import processes
from koki2.session.driver import Chunk, Sink
from koki2.session.kinds import Kind
from koki2.session.printing import say

_PAUSE = 2.0  # seconds between plain lines, unless --log-every says otherwise
_NARROW = 64  # columns: a terminal of fewer shows no bar, but numbers


def progress(
    kind: Kind,
    program: Program,
    *,
    log_every: int | None = None,
    peak: Callable[[float], float] | None = None,
) -> Sink:
    """Shows the units done of a run; of several processes, the first does.

    Args:
      kind: says what a unit is called, and which values to show.
      program: what is run.
      log_every: write a plain line for every so many units, on a terminal too; None
        takes a bar there, and a line every two seconds elsewhere.
      peak: work per second -> share of what the machine could do; None: not shown.
    """
    if not processes.is_first():
        return Sink(chunk=lambda chunk: None)
    shown = _Shown(kind, program.total, log_every, peak)
    return Sink(chunk=shown.update, close=shown.close)


class _Shown:
    def __init__(
        self,
        kind: Kind,
        total: int,
        log_every: int | None,
        peak: Callable[[float], float] | None,
    ):
        self._peak = peak
        self._kind, self._total, self._log_every = kind, total, log_every
        self._said = time.monotonic()
        self._first: tuple[int, float] | None = None  # once all is compiled
        self._work: float | None = None
        self._row: dict[str, Any] = {}  # the newest of each value, for rows without it
        self._bar = None
        if log_every is None and sys.stderr.isatty():
            self._bar = _bar()
            self._bar.start()
            self._task = self._bar.add_task("compiling", total=total, completed=0)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.stop()

    def update(self, chunk: Chunk) -> None:
        """Notes a chunk."""
        done, rows, now = chunk.done, chunk.rows["metrics"], time.monotonic()
        left = self._rate(rows, chunk.seconds)
        if self._log_every is None:
            for row in rows:
                self._row |= row
        if self._first is None:
            self._first = done, now
        else:
            pace = (now - self._first[1]) / (done - self._first[0])
            left.append(f"{pace * (self._total - done):.0f} s left")
        if self._bar is not None:
            words = self._headline()
            if self._bar.console.width < _NARROW:
                words, _, _ = words.partition("  ")
            self._bar.update(self._task, completed=done, description=words)
        elif self._log_every is not None:
            for number, row in enumerate(rows, start=done - len(rows) + 1):
                self._row |= row
                if number % self._log_every == 0 or number == self._total:
                    self._say(number, left)
        elif now - self._said >= _PAUSE or done == self._total:
            self._said = now
            self._say(done, left)

    def _rate(self, rows: list[dict[str, Any]], seconds: float) -> list[str]:
        """Work per second; none of the first chunk, which was compiled as well."""
        if self._kind.work is None:
            return []
        column, unit = self._kind.work
        before, self._work = self._work, rows[-1][column]
        if before is None:
            return []
        rate = (self._work - before) / max(seconds, 1e-9)
        small = f"{rate / 1e3:.2f} k" if rate < 1e5 else f"{rate / 1e6:.2f} M"
        shares = [] if self._peak is None else [f"{self._peak(rate):.0%} of peak"]
        return [f"{small} {unit}/s", *shares]

    def _headline(self) -> str:
        values = self._kind.headline(self._row).items()
        return "  ".join(f"{name} {value:.4g}" for name, value in values)

    def _say(self, number: int, left: list[str]) -> None:
        words = [f"{self._kind.unit} {number}/{self._total}", self._headline()]
        say("  ".join([*words, ", ".join(left)]).rstrip(), error=True)


def _bar() -> Any:
    """A line that a thread of rich draws: it turns while XLA compiles."""
    import rich.console
    import rich.progress
    import rich.table

    console = rich.console.Console(stderr=True)
    words = rich.table.Column(no_wrap=True, overflow="ellipsis", ratio=1)
    columns: list[rich.progress.ProgressColumn] = [
        rich.progress.SpinnerColumn(),
        rich.progress.TextColumn("{task.description}", table_column=words),
        rich.progress.MofNCompleteColumn(),
        rich.progress.TimeElapsedColumn(),
    ]
    if console.width >= _NARROW:
        columns.insert(2, rich.progress.BarColumn(bar_width=20))
        columns.append(rich.progress.TimeRemainingColumn())
    return rich.progress.Progress(
        *columns, console=console, refresh_per_second=5, expand=console.width < _NARROW
    )
