"""One writer at a time: an advisory lock that dies with its holder.

`flock` on `<run>/.lock`. The kernel frees it when the process ends, kill -9 included,
so there is no stale lock to remove; the file itself stays, for removing it would race.
"""

import contextlib
import fcntl
import os
import pathlib
import time
from types import TracebackType

from koki2.core.given import given
from koki2.runlog import folder, opening
from koki2.runlog.errors import LockedError
from koki2.runlog.types import Path

_TRIES = 5  # a reader that asks "is it held?" holds the lock for an instant
_PAUSE = 0.02  # seconds between tries


class Lock:
    """Holds the writer's lock of one run from construction to `release`.

    Raises:
      LockedError: another holds it; the message says who, when that is known.

    Example:
      >>> import tempfile
      >>> run = tempfile.mkdtemp()
      >>> with Lock(run):
      ...     holder(run).startswith("process ")
      True
      >>> holder(run) is None
      True
    """

    def __init__(self, run: Path):
        path = pathlib.Path(run) / folder.LOCK
        self._file: int | None = opening.to_write(path, os.O_RDWR | os.O_CREAT)
        try:
            self._take(run)
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Frees the lock; a second call does nothing."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _take(self, run: Path) -> None:
        file, tries = given(self._file), 1
        while not _flock(file, fcntl.LOCK_EX):
            if tries == _TRIES:
                raise LockedError(
                    f"a run takes one writer at a time, and {run} is being written by "
                    f"{_who(file)}; wait for it or stop it."
                )
            tries += 1
            time.sleep(_PAUSE)
        since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        text = f"process {os.getpid()} on {os.uname().nodename} since {since}\n"
        with contextlib.suppress(OSError):  # a full disk; the lock holds without it
            os.ftruncate(file, 0)
            os.write(file, text.encode())

    def __enter__(self) -> "Lock":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()


def holder(run: Path) -> str | None:
    """Who is writing this run, in words; None when no process is.

    Raises:
      BrokenRunError: the lock is a link, or no file.
    """
    path = pathlib.Path(run) / folder.LOCK
    if not opening.is_there(path):
        return None
    try:
        file = opening.to_write(path, os.O_RDONLY)  # a lock of ours, so no link
    except OSError:
        return None
    try:
        return None if _flock(file, fcntl.LOCK_SH) else _who(file)
    finally:
        os.close(file)


def _flock(file: int, kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _who(file: int) -> str:
    text = os.pread(file, 200, 0).decode(errors="replace").strip()
    return text or "another process"
