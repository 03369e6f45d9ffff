"""Stopping on purpose: the first signal asks, the second does not.

Python runs signal handlers on the main thread, and only when that is not busy inside
XLA. So the signals are also received on a thread of their own, through the wakeup file
descriptor, which the interpreter writes to at once; the second one ends the process
there and then. What is on disk is whole at any instant: see `runlog`.
"""

import os
import signal
import sys
import threading
from typing import Any

_HEARD = (signal.SIGINT, signal.SIGTERM)


class Stop:
    """While it is entered, SIGINT and SIGTERM set `signal` instead of killing.

    A second signal ends the process at once, with exit code 128 + the first. Off the
    main thread, where Python allows no handlers, it does nothing.

    Attributes:
      signal: the first signal's number; None until one asks to stop.

    Example:
      >>> with Stop() as stop:
      ...     signal.raise_signal(signal.SIGINT)
      >>> stop.code
      130
    """

    def __init__(self):
        self.signal: int | None = None
        self._before: dict[int, Any] = {}

    @property
    def code(self) -> int:
        """The exit code that says what stopped us: 130, 143, or 0 for nothing."""
        return 0 if self.signal is None else 128 + self.signal

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
            if number[0] not in _HEARD:
                continue
            if self.signal is None:
                self.signal = number[0]
                _say("stopping after this chunk; once more stops at once")
            else:
                _say("stopped at once; what was acknowledged is on disk")
                os._exit(self.code)


def _say(text: str) -> None:
    try:
        print(f"\nkoki2: {text}", file=sys.stderr, flush=True)
    except (OSError, ValueError):
        pass
