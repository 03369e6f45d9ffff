"""How far a run is, for people, on stderr: a bar on a terminal, plain lines elsewhere.

It is told after every chunk, from rows that are on the host already; it never asks JAX
for anything.
"""

import sys
import time
from typing import Any

from koki2.core.program import Program
from koki2.session.driver import Chunk, Sink
from koki2.session.kinds import Kind

_PAUSE = 2.0  # seconds between plain lines, unless --log-every says otherwise


def progress(kind: Kind, program: Program, *, log_every: int | None = None) -> Sink:
    """Shows the units done of a run.

    Args:
      kind: says what a unit is called, and which values to show.
      program: what is run.
      log_every: write a plain line for every so many units, on a terminal too; None
        takes a bar there, and a line every two seconds elsewhere.
    """
    shown = _Shown(kind, program.total, log_every)
    return Sink(chunk=shown.update, close=shown.close)


class _Shown:
    def __init__(self, kind: Kind, total: int, log_every: int | None):
        self._kind, self._total, self._log_every = kind, total, log_every
        self._said = time.monotonic()
        self._first: tuple[int, float] | None = None  # once all is compiled
        self._work: float | None = None
        self._bar = None
        if log_every is None and sys.stderr.isatty():
            self._bar = _bar()
            self._bar.start()
            self._task = self._bar.add_task("compiling", total=total, completed=None)
            self._bar.refresh()

    def close(self) -> None:
        if self._bar is not None:
            self._bar.stop()

    def update(self, chunk: Chunk) -> None:
        """Notes a chunk."""
        done, rows, now = chunk.done, chunk.rows["metrics"], time.monotonic()
        left = self._rate(rows, chunk.seconds)
        if self._first is None:
            self._first = done, now
        else:
            pace = (now - self._first[1]) / (done - self._first[0])
            left.append(f"{pace * (self._total - done):.0f} s left")
        if self._bar is not None:
            words = self._headline(rows[-1])
            self._bar.update(self._task, completed=done, description=words)
            self._bar.refresh()
        elif self._log_every is not None:
            for number, row in enumerate(rows, start=done - len(rows) + 1):
                if number % self._log_every == 0 or number == self._total:
                    self._say(number, row, left)
        elif now - self._said >= _PAUSE or done == self._total:
            self._said = now
            self._say(done, rows[-1], left)

    def _rate(self, rows: list[dict[str, Any]], seconds: float) -> list[str]:
        if self._kind.work is None:
            return []
        column, unit = self._kind.work
        before, self._work = self._work, rows[-1][column]
        if before is None:  # of a resumed run, the chunk's first row is not counted
            before = rows[0][column] if len(rows) > 1 else 0
        rate = (self._work - before) / max(seconds, 1e-9)
        return [f"{rate / 1e6:.2f} M {unit}/s"]

    def _headline(self, row: dict[str, Any]) -> str:
        values = self._kind.headline(row).items()
        return "  ".join(f"{name} {value:.4g}" for name, value in values)

    def _say(self, number: int, row: dict[str, Any], left: list[str]) -> None:
        words = [f"{self._kind.unit} {number}/{self._total}", self._headline(row)]
        print("  ".join([*words, ", ".join(left)]), file=sys.stderr, flush=True)


def _bar() -> Any:
    import rich.console
    import rich.progress

    return rich.progress.Progress(
        rich.progress.TextColumn("{task.description}"),
        rich.progress.BarColumn(),
        rich.progress.MofNCompleteColumn(),
        rich.progress.TimeRemainingColumn(),
        console=rich.console.Console(stderr=True),
        auto_refresh=False,
    )
