"""Files that are whole or not there at all, whenever the power goes.

Write a temporary file in the same folder, fsync it, rename it into place, fsync the
folder: only then has a write happened. Every call that changes the disk goes through
`os` in this file, so that tests can make each of them fail in turn.
"""

import contextlib
import errno
import os
import pathlib
import secrets
from typing import Any

from koki2.runlog import jsontext


def write_bytes(path: str | os.PathLike[str], data: bytes) -> None:
    """Puts `data` at `path`, durably; whoever reads sees the old file or the new.

    Raises:
      OSError: the disk refused; the old file, if there was one, is still there, and
        no temporary file is left. (A killed process leaves one: see `clean`.)

    Example:
      >>> import tempfile
      >>> path = pathlib.Path(tempfile.mkdtemp()) / "note.txt"
      >>> write_bytes(path, b"hello")
      >>> path.read_bytes(), [file.name for file in path.parent.iterdir()]
      (b'hello', ['note.txt'])
    """
    path = pathlib.Path(path)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            write_all(file, data)
            os.fsync(file)
        finally:
            os.close(file)
        os.replace(temporary, path)
        sync_folder(path.parent)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def write_json(
    path: str | os.PathLike[str], value: Any, *, sort_keys: bool = False
) -> None:
    """Puts a plain value at `path` as JSON for people: two spaces, final newline.

    Raises:
      InputError: `value` is not plain (see `jsontext`); nothing is written.
      OSError: as for `write_bytes`.
    """
    where = pathlib.Path(path).name
    text = jsontext.encode(value, where=where, indent=2, sort_keys=sort_keys)
    write_bytes(path, text + b"\n")


def write_all(file: int, data: bytes) -> None:
    """Writes all of `data` to a descriptor, in one system call where one is enough."""
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]


def sync_folder(path: str | os.PathLike[str]) -> None:
    """Makes the names in a folder durable (some network disks cannot, and say so)."""
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(folder)


def make_folder(path: str | os.PathLike[str]) -> None:
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


def remove(path: str | os.PathLike[str]) -> bool:
    """Removes a file if the disk lets it, and says whether it is gone."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def clean(folder: str | os.PathLike[str]) -> None:
    """Removes the temporary files that killed writers left. For the only writer."""
    for path in sorted(pathlib.Path(folder).glob(".*.tmp")):
        remove(path)
