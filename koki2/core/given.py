"""given: a field that may be None, in code that is built only where it is not.

A part that is not in use has None in its fields, and what reads them is not built
then. `given` says so to readers and type checkers, and fails in words where the code
was built after all.
"""

from typing import TypeVar

T = TypeVar("T")


def given(value: T | None) -> T:
    """Returns a value that must be there.

    Raises:
      ValueError: it is None.

    Example:
      >>> given(2) + 1
      3
    """
    if value is None:
        raise ValueError("a field that is in use must have a value, got None.")
    return value
