"""manifest.txt: what a burst was, did and cost, for people; a line per fact."""

import pathlib
import time
from collections.abc import Mapping

from koki2.core.text import printable
from koki2.runlog import atomic

FILE = "manifest.txt"


def now() -> str:
    """The time in UTC."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def write(folder: pathlib.Path, facts: Mapping[str, object]) -> None:
    """Writes the facts, in their order, durably.

    Example:
      >>> import tempfile
      >>> folder = pathlib.Path(tempfile.mkdtemp())
      >>> write(folder, {"pod": "abc", "problem": None})
      >>> (folder / FILE).read_text()
      'pod: abc\\nproblem: none\\n'
    """
    lines = [
        f"{name}: {'none' if value is None else printable(value)}\n"
        for name, value in facts.items()
    ]
    text = "".join(lines).encode("utf-8", "backslashreplace")
    atomic.write_bytes(folder / FILE, text)
