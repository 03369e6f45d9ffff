"""What can go wrong with a run, sorted by whose fault it is: three exceptions.

The command line turns them into exit codes: `InputError` 2, `BrokenRunError` 3.
Failures of the machine (disk full, no permission) stay the `OSError` they are.
"""


class InputError(ValueError):
    """What was asked for cannot be done; asking differently helps. Exit code 2."""


class LockedError(InputError):
    """Another process is writing this run. Exit code 2."""


class BrokenRunError(RuntimeError):
    """What lies on disk is not what koki2 wrote there. Exit code 3."""
