"""The cache of compiled programs on disk, kept below a limit.

JAX can limit it too, but takes a lock and another package for it. An entry that is gone
only costs a compilation, so a run that reads while another trims loses nothing.
"""

import contextlib
import os
import pathlib
import time

LIMIT = 2_000_000_000
"""Bytes that entries may take; the oldest beyond go."""

_STAMP = ".trimmed"  # when was this last looked at
_PAUSE = 3600.0  # seconds between looks
_KEPT = 0.75  # of the limit, once it was exceeded


def trim(folder: pathlib.Path, limit: int = LIMIT) -> list[str]:
    """Removes the entries used longest ago, where all together exceed a limit.

    It looks at most once an hour, and touches nothing but entries of JAX's.

    Args:
      folder: of the cache.
      limit: bytes.

    Returns:
      The names of the files that were removed.

    Example:
      >>> import tempfile
      >>> folder = pathlib.Path(tempfile.mkdtemp())
      >>> for n in range(3):
      ...     _ = (folder / f"{n}-cache").write_bytes(bytes(100))
      ...     os.utime(folder / f"{n}-cache", (n, n))
      >>> trim(folder, limit=250)
      ['0-cache', '1-cache']
      >>> trim(folder, limit=0)  # so soon again
      []
    """
    stamp = folder / _STAMP
    try:
        if time.time() - stamp.stat().st_mtime < _PAUSE:
            return []
    except OSError:
        pass
    removed = []
    with contextlib.suppress(OSError):  # it is only a cache, and may be another's
        stamp.touch()
        entries = sorted(_entries(folder))
        excess = sum(size for _, size, _ in entries) - limit
        if excess > 0:
            excess += (1 - _KEPT) * limit
        for _, size, name in entries:
            if excess <= 0:
                break
            os.unlink(folder / name)
            removed.append(name)
            excess -= size
    return removed


def _entries(folder: pathlib.Path) -> list[tuple[float, int, str]]:
    """When each entry was last used, its size and its name."""
    found = []
    with os.scandir(folder) as files:
        for file in files:
            if file.name.endswith(("-cache", "-atime")) and file.is_file(
                follow_symlinks=False
            ):
                facts = file.stat(follow_symlinks=False)
                used = max(facts.st_atime, facts.st_mtime)
                found.append((used, facts.st_size, file.name))
    return found


def user_folder(name: str) -> pathlib.Path | None:
    """The folder koki2/NAME in the user's cache; None where there is no home."""
    root = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(root):
        return pathlib.Path(root, "koki2", name)
    try:
        return pathlib.Path.home() / ".cache" / "koki2" / name
    except RuntimeError:  # no home folder
        return None
