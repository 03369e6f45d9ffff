"""What libraries of C++ print, kept away from what koki2 says.

gloo writes on stdout, and JAX answers a lost process with pages on stderr and an abort,
in the same millisecond in which the wire hears of it. In one of several processes both
are held back: stdout belongs to koki2 alone, what comes on stderr from below Python is
passed on a moment later, and an abort waits until the wire has had its say.
"""

import contextlib
import ctypes
import io
import os
import signal
import sys
import threading
import time
from typing import TextIO

_HELD = 1.0  # seconds in which what libraries print waits for the wire

_stderr = 2  # where lines for people go


def hold_back() -> None:
    """Takes stdout and stderr for koki2, for as long as this process lives."""
    global _stderr
    sys.stdout.flush()
    kept = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    sys.stdout = _over(kept, sys.stdout)
    sys.stderr.flush()
    _stderr = os.dup(2)
    out, into = os.pipe()
    os.dup2(into, 2)
    os.close(into)
    sys.stderr = _over(_stderr, sys.stderr)
    threading.Thread(target=_pass_on, args=(out, _stderr), daemon=True).start()
    _let_aborts_wait()


def end(why: str) -> None:
    """Ends this process at once, with one line on stderr and exit code 1."""
    with contextlib.suppress(OSError):
        os.write(_stderr, f"koki2: {why}\n".encode())
    os._exit(1)


def _over(descriptor: int, like: TextIO) -> TextIO:
    return io.TextIOWrapper(
        io.FileIO(descriptor, "w"),
        encoding=like.encoding,
        errors=like.errors,
        line_buffering=True,
        write_through=True,
    )


def _pass_on(source: int, target: int) -> None:
    with contextlib.suppress(OSError):
        while data := os.read(source, 1 << 16):
            time.sleep(_HELD)
            os.write(target, data)


def _let_aborts_wait() -> None:
    """Makes the system's `sleep` the handler of SIGABRT.

    It is called with the number of the signal, so that the thread that aborts sleeps
    six seconds, in which the others go on; then the process aborts after all.
    """
    libc = ctypes.CDLL(None)
    libc.signal.argtypes = [ctypes.c_int, ctypes.c_void_p]
    libc.signal.restype = ctypes.c_void_p
    libc.signal(signal.SIGABRT, ctypes.cast(libc.sleep, ctypes.c_void_p))
