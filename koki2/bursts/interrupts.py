"""Signals during a burst: the first stops it, none cuts its tear-down short.

A burst waits in sleeps, requests and child processes, which Python's own handlers
interrupt at once; so the first SIGINT, SIGTERM or SIGHUP raises `Interrupted` wherever
the burst is, and `finally` does the rest. While the pod is being deleted they are
noted, and nothing more: a pod that is half deleted costs money. A signal that this
process was started to ignore, as SIGHUP under nohup, stays ignored.
"""

import contextlib
import signal
import threading
from collections.abc import Callable
from typing import Any

from koki2.bursts.errors import Interrupted

HEARD = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """While it is entered, a signal raises `Interrupted`, or is noted if shielded.

    Off the main thread, where Python allows no handlers, entering it does nothing.

    Args:
      say: tells people what becomes of a signal that is only noted.

    Attributes:
      code: the exit code of the first signal; 0 while there was none.

    Example:
      >>> with Interrupts(print) as interrupts:
      ...     interrupts.shield()
      ...     signal.raise_signal(signal.SIGTERM)
      the pod is being deleted; koki2 burst reap does it if this is killed
      >>> interrupts.code
      143
    """

    def __init__(self, say: Callable[[str], object]):
        self.code = 0
        self._say = say
        self._is_shielded = False
        self._before: dict[int, Any] = {}
        self._wakeup: int | None = None

    def shield(self) -> None:
        """From now on signals are noted only."""
        self._is_shielded = True

    def _hear(self, number: int, frame: object) -> None:
        self.code = self.code or 128 + number
        if not self._is_shielded:
            self._is_shielded = True  # a second one would interrupt `finally`
            raise Interrupted(number)
        with contextlib.suppress(Exception):  # it must not cut the tear-down short
            self._say(
                "the pod is being deleted; koki2 burst reap does it if this is killed"
            )

    def __enter__(self) -> "Interrupts":
        if threading.current_thread() is threading.main_thread():
            # Who listens to it would end the process at the first signal.
            self._wakeup = signal.set_wakeup_fd(-1)
            for number in HEARD:
                if signal.getsignal(number) is signal.SIG_IGN:
                    continue
                self._before[number] = signal.signal(number, self._hear)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        if self._wakeup is not None:
            signal.set_wakeup_fd(self._wakeup)
        self._before, self._wakeup = {}, None
