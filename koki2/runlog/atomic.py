"""Files that are whole or not there at all, whenever the power goes.

Write a temporary file in the same folder, fsync it, rename it into place, fsync the
folder: only then has a write happened. Every call that changes the disk goes through
`os` in this file, so that tests can make each of them fail in turn.
"""

import contextlib
import errno
import io
import os
import pathlib
from collections.abc import Callable

from koki2.runlog import jsontext
from koki2.runlog.errors import BrokenRunError
from koki2.runlog.types import Path


def write_bytes(path: Path, data: bytes | memoryview) -> None:
    """Puts `data` at `path`, durably; readers see the old file or the new one.

    Raises:
      BrokenRunError: there is a folder of that name.
      OSError: the disk refused; the old file, if there was one, is still there, and
        no temporary file is left. (A killed process leaves one: see `clean`.)

    Example:
      >>> import tempfile
      >>> path = pathlib.Path(tempfile.mkdtemp()) / "note.txt"
      >>> write_bytes(path, b"hello")
      >>> path.read_bytes(), [file.name for file in path.parent.iterdir()]
      (b'hello', ['note.txt'])
    """
    _write(path, lambda file: write_all(file, data))


def write_with(path: Path, write: Callable[[io.RawIOBase], object]) -> None:
    """Puts at `path` what `write` writes to a file, as durably as `write_bytes`.

    The file that `write` is given can seek, so a long file need not be held in memory.

    Example:
      >>> import tempfile
      >>> path = pathlib.Path(tempfile.mkdtemp()) / "note.txt"
      >>> write_with(path, lambda file: file.write(b"hello"))
      >>> path.read_bytes()
      b'hello'
    """
    _write(path, lambda file: write(_File(file)))


class _File(io.RawIOBase):
    """A descriptor as a file that writes and seeks, and leaves closing to others."""

    def __init__(self, descriptor: int):
        self._descriptor = descriptor

    # The writers of arrays hand it nothing else.
    def write(self, data: bytes | memoryview) -> int:  # pyrefly: ignore[bad-override]
        write_all(self._descriptor, data)
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        return os.lseek(self._descriptor, offset, whence)

    def tell(self) -> int:
        return os.lseek(self._descriptor, 0, 1)

    def seekable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True


def _write(path: Path, write: Callable[[int], object]) -> None:
    path = pathlib.Path(path)
    if path.is_dir() and not path.is_symlink():
        raise BrokenRunError(f"{path} must be a file to write to, got a folder.")
    temporary = path.with_name(f".{path.name}.{os.urandom(4).hex()}.tmp")
    try:
        file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            write(file)
            os.fsync(file)
        finally:
            os.close(file)
        os.replace(temporary, path)
        sync_folder(path.parent)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def write_json(path: Path, value: object, *, sort_keys: bool = False) -> None:
    """Puts a plain value at `path` as JSON for people: two spaces, final newline.

    Raises:
      InputError: `value` is not plain (see `jsontext`); nothing is written.
      OSError: as for `write_bytes`.
    """
    where = pathlib.Path(path).name
    text = jsontext.encode(value, where=where, indent=2, sort_keys=sort_keys)
    write_bytes(path, text + b"\n")


def write_all(file: int, data: bytes | memoryview) -> None:
    """Writes all of `data` to a descriptor, in one system call where one is enough."""
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]


def sync_folder(path: Path) -> None:
    """Makes the names in a folder durable (some network disks cannot, and say so)."""
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(folder)


def make_folder(path: Path) -> None:
    """Makes a folder durably, and its parents where missing.

    Raises:
      FileExistsError: it is there already; of many callers at once, one succeeds.
    """
    parent = pathlib.Path(path).parent
    if not parent.exists():
        with contextlib.suppress(FileExistsError):
            make_folder(parent)
    os.mkdir(path)
    sync_folder(parent)


def remove(path: Path) -> bool:
    """Removes a file if the disk lets it, and says whether it is gone."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def remove_tree(path: Path) -> bool:
    """Removes a folder with all in it, if the disk lets it; says whether it is gone.

    Of a link, there or inside, the link is removed and not what it leads to.
    """
    if os.path.islink(path):
        return remove(path)
    for parent, folders, files in os.walk(path, topdown=False):
        for name in files:
            remove(os.path.join(parent, name))
        for name in folders:
            inside = os.path.join(parent, name)
            remove(inside) if os.path.islink(inside) else _remove_folder(inside)
    return _remove_folder(path)


def sync_tree(path: Path) -> None:
    """Makes a folder, all in it, and its name durable."""
    for parent, _, files in os.walk(path, topdown=False):
        for name in files:
            file = os.open(os.path.join(parent, name), os.O_RDONLY)
            try:
                os.fsync(file)
            finally:
                os.close(file)
        sync_folder(parent)
    sync_folder(pathlib.Path(path).parent)


def _remove_folder(path: Path) -> bool:
    try:
        os.rmdir(path)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def clean(folder: Path) -> None:
    """Removes the temporary files that killed writers left. For the only writer."""
    for path in sorted(pathlib.Path(folder).glob(".*.tmp")):
        remove(path)
