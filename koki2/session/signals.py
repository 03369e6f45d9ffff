"""Stopping on purpose: the first signal asks, the second does not.

Python runs signal handlers on the main thread, and only when that is not busy inside
XLA. So the signals are also received on a thread of their own, through the wakeup file
descriptor, which the interpreter writes to at once. It ends the process there and then
at the second signal; and at the first, while there is nothing to save (`at_once`), as
before the first checkpoint. What is on disk is whole at any instant: see `runlog`.
"""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

from koki2.session import startup

_HEARD = (signal.SIGINT, signal.SIGTERM)


class Stop:
    """While it is entered, SIGINT and SIGTERM set `signal` instead of killing.

    A second signal ends the process at once, with exit code 128 + the first. Off the
    main thread, where Python allows no handlers, entering it does nothing.

    Args:
      owns_process: whether the process is koki2's own, so that the first signal may end
        it; None: as the call says that is served.
      say: tells people what becomes of a signal.

    Attributes:
      signal: the first signal's number; None until one asks to stop.
      last_words: what the command prints where it was interrupted. If the first signal
        ends the process, this is called instead.

    Example:
      >>> with Stop() as stop:
      ...     signal.raise_signal(signal.SIGINT)
      >>> stop.code
      130
    """

    def __init__(
        self,
        owns_process: bool | None = None,
        say: Callable[[str], object] | None = None,
    ):
        self.signal: int | None = None
        self.last_words: Callable[[], object] = lambda: None
        if owns_process is None:
            owns_process = startup.call.get().owns_process
        self._owns_process, self._say = owns_process, say or _say
        self._close: Callable[[], object] | None = None
        self._deciding = threading.Lock()
        self._before: dict[int, Any] = {}

    @property
    def code(self) -> int:
        """The exit code that says what stopped us: 130, 143, or 0 for nothing."""
        return 0 if self.signal is None else 128 + self.signal

    def at_once(self, close: Callable[[], object] | None) -> None:
        """Says whether a signal ends the process at once, for there is nothing to save.

        Only a process that is koki2's own is ended so; another is asked, as always.

        Args:
          close: called before the end, as for what is on the screen; None: a signal
            asks, from now on.
        """
        with self._deciding:  # waits while the process is being ended
            self._close = close

    def hear(self, number: int) -> None:
        """Takes note of a signal: asks to stop, or ends the process."""
        with self._deciding:
            is_first, self.signal = self.signal is None, self.signal or number
            if not is_first:
                self._say("stopped at once; what was acknowledged is on disk")
            elif self._close is None or not self._owns_process:
                self._say("stopping within seconds; once more stops at once")
                return
            try:
                if is_first and self._close is not None:
                    self._close()
                    self._say("stopped at once, as there was nothing new to keep")
                    self.last_words()
                    sys.stdout.flush()
            finally:
                os._exit(self.code)

    def __enter__(self):
        if threading.current_thread() is not threading.main_thread():
            return self
        self._ear, self._mouth = os.pipe()
        os.set_blocking(self._mouth, False)
        for number in _HEARD:
            self._before[number] = signal.signal(number, lambda *_: None)
        self._wakeup = signal.set_wakeup_fd(self._mouth, warn_on_full_buffer=False)
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        return self

    def __exit__(self, *_):
        if not self._before:
            return
        signal.set_wakeup_fd(self._wakeup)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}
        os.close(self._mouth)
        self._listener.join()
        os.close(self._ear)

    def _listen(self) -> None:
        while number := os.read(self._ear, 1):
            if number[0] in _HEARD:
                self.hear(number[0])


@contextlib.contextmanager
def ending_at_once() -> Iterator[None]:
    """Lets a signal end koki2's own process at once, also inside XLA.

    For all of a command that leaves nothing half done: what it writes is whole or not
    there. A `Stop` that is entered meanwhile takes over. A process that is not koki2's
    own is let alone.
    """
    if not startup.call.get().owns_process:
        yield
        return
    with Stop() as stop:
        stop.at_once(lambda: None)
        yield


def _say(text: str) -> None:
    try:
        print(f"\nkoki2: {text}", file=sys.stderr, flush=True)
    except (OSError, ValueError):
        pass
