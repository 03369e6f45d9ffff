"""How far a run is, for people, on stderr: a bar on a terminal, plain lines elsewhere.

It is told after every chunk, from rows that are on the host already; it never asks JAX
for anything.
"""

import os
import sys
import time
from collections.abc import Sequence
from typing import Any

_PAUSE = 2.0  # seconds between plain lines, unless --log-every says otherwise


class Progress:
    """Shows generations done; to be entered and left.

    Args:
      total: generations in all.
      done: generations that were done before.
      log_every: write a plain line for every so many generations, on a terminal too;
        None takes a bar there, and a line every two seconds elsewhere.
    """

    def __init__(self, total: int, *, done: int = 0, log_every: int | None = None):
        self._total, self._log_every = total, log_every
        self._bar, self._is_wanted = None, log_every is None and sys.stderr.isatty()
        self._done, self._said = done, time.monotonic()
        self._first: tuple[int, float] | None = None  # once all is compiled

    def __enter__(self):
        if self._is_wanted:
            self._bar = _bar()
            self._bar.start()
            self._task = self._bar.add_task(
                "compiling", total=self._total, completed=self._done
            )
            self._bar.refresh()
        return self

    def __exit__(self, *_):
        if self._bar is not None:
            self._bar.stop()

    def update(self, done: int, rows: Sequence[dict[str, Any]], rate: float) -> None:
        """Notes a chunk.

        Args:
          done: generations done.
          rows: the chunk's rows.
          rate: env-steps per second of the chunk.
        """
        before, self._done, now = self._done, done, time.monotonic()
        left = f"{rate / 1e6:.2f} M env-steps/s"
        if self._first is None:
            self._first = done, now
        else:
            pace = (now - self._first[1]) / (done - self._first[0])
            left += f", {pace * (self._total - done):.0f} s left"
        if self._bar is not None:
            fitness = _fitness(rows[-1])
            self._bar.update(self._task, completed=done, description=fitness)
            self._bar.refresh()
        elif self._log_every is not None:
            for number, row in zip(range(before + 1, done + 1), rows, strict=True):
                if number % self._log_every == 0 or number == self._total:
                    self._say(number, row, left)
        elif now - self._said >= _PAUSE or done == self._total:
            self._said = now
            self._say(done, rows[-1], left)

    def _say(self, number: int, row: dict[str, Any], left: str) -> None:
        line = f"generation {number}/{self._total}  {_fitness(row)}  {left}"
        print(line, file=sys.stderr, flush=True)


def _fitness(row: dict[str, Any]) -> str:
    words = []
    for name in ("best", "mean"):
        value = row.get(f"{name}_fitness")
        if isinstance(value, float):
            words.append(f"{name} {value:.2f}")
    if isinstance(coverage := row.get("coverage"), float):
        words.append(f"coverage {coverage:.1%}")
    return "  ".join(words)


def _bar():
    import rich.console
    import rich.progress as progress

    console = rich.console.Console(
        stderr=True, no_color="NO_COLOR" in os.environ or None
    )
    return progress.Progress(
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TimeRemainingColumn(),
        console=console,
        auto_refresh=False,
    )
