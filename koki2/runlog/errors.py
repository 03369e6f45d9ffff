"""What can go wrong with a run, sorted by whose fault it is: three exceptions.

The command line turns them into exit codes: `InputError` 2, `BrokenRunError` 3.
Failures of the machine (disk full, no permission) stay the `OSError` they are.
"""

import contextlib
from collections.abc import Generator


class InputError(ValueError):
    """What was asked for cannot be done; asking differently helps. Exit code 2."""


class LockedError(InputError):
    """Another process is writing this run. Exit code 2."""


class BrokenRunError(RuntimeError):
    """What lies on disk is not what koki2 wrote there. Exit code 3."""


@contextlib.contextmanager
def raising(kind: type[Exception], before: str = "") -> Generator[None]:
    """Turns a ValueError into an error of ours; an InputError is one already.

    Args:
      kind: the class of that error.
      before: words to say before those of the ValueError.

    Example:
      >>> with raising(BrokenRunError, "the genome should fit, but "):
      ...     int("x")
      Traceback (most recent call last):
      koki2.runlog.errors.BrokenRunError: the genome should fit, but invalid literal ...
    """
    try:
        yield
    except InputError:
        raise
    except ValueError as error:
        raise kind(f"{before}{error}") from error
