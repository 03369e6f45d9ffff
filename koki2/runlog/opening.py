"""Opening files that may be a stranger's: regular files to read, and no links to write.

A run folder may come from anywhere. A pipe or a device in the place of a file would
block its reader or never end; a link, or a second name of the same file, would lead a
writer out of the folder. So all files of runs, and all that a command line names, are
opened here. Sizes in bytes.
"""

import errno
import io
import os
import stat

from koki2.runlog.errors import BrokenRunError
from koki2.runlog.types import Path

_WORDS = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
    stat.S_IFDIR: "a folder",
    stat.S_IFLNK: "a link",
}


def is_there(path: Path) -> bool:
    """Whether there is anything of that name, be it a link to nothing.

    Example:
      >>> is_there("no/such/file")
      False
    """
    return os.path.lexists(path)


def to_read(
    path: Path, *, error: type[Exception] = BrokenRunError
) -> io.BufferedReader:
    """Opens a regular file, or a link to one, for reading.

    Args:
      path: the file.
      error: raised for anything else.

    Raises:
      OSError: there is none, or the disk refused.

    Example:
      >>> to_read("/dev/null")
      Traceback (most recent call last):
      koki2.runlog.errors.BrokenRunError: /dev/null must be a file, got a device.
    """
    try:
        mode = os.stat(path).st_mode
    except OSError as problem:
        if is_there(path) and problem.errno in (errno.ENOENT, errno.ELOOP):
            raise error(f"{path} must be a file, got a link to nothing.") from None
        raise
    if not stat.S_ISREG(mode):
        raise error(f"{path} must be a file, got {_WORDS[stat.S_IFMT(mode)]}.")
    return open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")


def read_bytes(
    path: Path, *, limit: int, error: type[Exception] = BrokenRunError
) -> bytes:
    """Reads all of a regular file; raises `error` where it is longer than `limit`.

    Example:
      >>> import pathlib, tempfile
      >>> path = pathlib.Path(tempfile.mkdtemp(), "note")
      >>> path.write_bytes(b"hello")
      5
      >>> read_bytes(path, limit=5)
      b'hello'
    """
    with to_read(path, error=error) as file:
        data = file.read(limit + 1) or b""
    if len(data) > limit:
        raise error(f"{path} must hold at most {limit} bytes, got more.")
    return data


def to_write(path: Path, flags: int) -> int:
    """Opens a regular file in place, for its only writer; returns a descriptor.

    Args:
      path: the file.
      flags: of `os.open`; with `os.O_CREAT`, it is made if missing.

    Raises:
      BrokenRunError: it is a link, has another name too, or is no file.
      OSError: the disk refused.

    Example:
      >>> import tempfile
      >>> root = tempfile.mkdtemp()
      >>> os.symlink("elsewhere", f"{root}/.lock")
      >>> to_write(f"{root}/.lock", os.O_RDWR | os.O_CREAT)
      Traceback (most recent call last):
      koki2.runlog.errors.BrokenRunError: ... must be a file to write to, got a link.
    """
    kind = ""
    try:
        descriptor = os.open(
            path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o666
        )
    except OSError as problem:
        if problem.errno not in (errno.ELOOP, errno.ENXIO, errno.EISDIR):
            raise
        kind = _WORDS.get(stat.S_IFMT(os.lstat(path).st_mode), "none")
    else:
        info = os.fstat(descriptor)
        if not stat.S_ISREG(info.st_mode):
            kind = _WORDS[stat.S_IFMT(info.st_mode)]
        elif info.st_nlink > 1:
            kind = "one that has another name (a hard link), so that both would change"
        if not kind:
            return descriptor
        os.close(descriptor)
    raise BrokenRunError(f"{path} must be a file to write to, got {kind}.")


def check_writable(path: Path) -> None:
    """Raises BrokenRunError where `to_write` would; where nothing is there, it may."""
    if is_there(path):
        os.close(to_write(path, os.O_WRONLY))


def check_folder(path: Path) -> None:
    """Raises BrokenRunError where a path is there and is no folder of its own.

    Example:
      >>> import tempfile
      >>> root = tempfile.mkdtemp()
      >>> check_folder(f"{root}/heldout")  # not there yet
      >>> os.symlink("/", f"{root}/heldout")
      >>> check_folder(f"{root}/heldout")
      Traceback (most recent call last):
      koki2.runlog.errors.BrokenRunError: ... must be a folder to write to, got a link.
    """
    if not is_there(path):
        return
    mode = os.lstat(path).st_mode
    if not stat.S_ISDIR(mode):
        kind = _WORDS.get(stat.S_IFMT(mode), "a file")
        raise BrokenRunError(f"{path} must be a folder to write to, got {kind}.")


def check_tree(path: Path) -> None:
    """Raises BrokenRunError where a folder holds anything but files and folders."""
    for parent, folders, files in os.walk(path):
        for name in (*folders, *files):
            inside = os.path.join(parent, name)
            mode = os.lstat(inside).st_mode
            if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
                raise BrokenRunError(
                    f"{inside} must be a file or a folder, got "
                    f"{_WORDS[stat.S_IFMT(mode)]}."
                )
