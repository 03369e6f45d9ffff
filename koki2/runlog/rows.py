"""Rows: one JSON object per line, appended, never changed (JSONL).

A row has happened when its newline has; what a kill leaves after the last newline is
no row. Keys keep the order in which they come, floats all their bits, and the three
that are not finite are spelt as `jsontext` says. Offsets in bytes.
"""

import contextlib
import hashlib
import os
import pathlib
from collections.abc import Iterable, Iterator, Mapping
from types import TracebackType
from typing import Any

from koki2.runlog import atomic, jsontext, opening
from koki2.runlog.errors import BrokenRunError
from koki2.runlog.types import Path

MAX_LINE = 2**26
"""No row is longer: what has no newline in so many bytes is no file of rows."""


class RowWriter:
    """Appends rows to a file of which it is the only writer.

    Args:
      path: the file; made if missing.
      offset: bytes to keep, the rest is cut off; None keeps every whole line.

    Raises:
      BrokenRunError: the file is shorter than `offset`; it is not touched.

    Example:
      >>> import tempfile
      >>> path = pathlib.Path(tempfile.mkdtemp()) / "rows.jsonl"
      >>> writer = RowWriter(path)
      >>> writer.append([{"generation": 0, "best": 1.5}])
      >>> writer.offset
      28
      >>> writer.close()
      >>> list(read(path))
      [{'generation': 0, 'best': 1.5}]
    """

    def __init__(self, path: Path, *, offset: int | None = None):
        self.path = pathlib.Path(path)
        is_new = not opening.is_there(self.path)
        if offset is None:
            offset = 0 if is_new else _whole_lines(self.path)
        self._hash = hashlib.sha256() if is_new else _prefix_hash(self.path, offset)
        self.offset = offset
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self._file: int | None = opening.to_write(self.path, flags)
        self._cut()
        if is_new:
            atomic.sync_folder(self.path.parent)

    def append(self, rows: Iterable[Mapping[str, object]]) -> None:
        """Writes rows in one piece: all of them, or, when the disk refuses, none.

        Raises:
          InputError: a row holds a value that is not plain; nothing is written.
          OSError: the disk refused, or the writer is closed.
        """
        lines = (
            jsontext.encode(row, where=f"row {i} of the batch") + b"\n"
            for i, row in enumerate(rows)
        )
        data = b"".join(lines)
        self._cut()
        try:
            atomic.write_all(self._descriptor(), data)
        except BaseException:
            with contextlib.suppress(OSError):  # or else before the next batch
                self._cut()
            raise
        self._hash.update(data)
        self.offset += len(data)

    def sync(self) -> None:
        """Returns when all rows so far would survive a power cut."""
        os.fsync(self._descriptor())

    @property
    def sha256(self) -> str:
        """Digest of the file up to `offset`, in hex."""
        return self._hash.hexdigest()

    def close(self) -> None:
        """Closes the file; a second call does nothing."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def __enter__(self) -> "RowWriter":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _descriptor(self) -> int:
        if self._file is None:
            raise OSError(f"{self.path} was closed and takes no more rows.")
        return self._file

    def _cut(self) -> None:
        # what lies behind the offset: a torn line, of a kill or of a full disk
        if os.fstat(self._descriptor()).st_size != self.offset:
            os.ftruncate(self._descriptor(), self.offset)


def read(path: Path) -> Iterator[dict[str, Any]]:
    """Yields the rows of a file, one by one; a torn last line is no row.

    Raises:
      BrokenRunError: a line that ends in a newline is not a JSON object; names it.
    """
    for number, line in enumerate(lines(path), start=1):
        where = f"{path}, line {number},"
        row = jsontext.decode(line, where=where)
        if not isinstance(row, dict):
            raise BrokenRunError(f"{where} should be an object, got {row!r:.80}.")
        yield row


def lines(path: Path) -> Iterator[bytes]:
    """Yields the lines of a file of rows, undecoded; a torn last line is none.

    Raises:
      BrokenRunError: it is no file, or a line is longer than any row.
    """
    with opening.to_read(path) as file:
        number = 1
        while (line := file.readline(MAX_LINE)).endswith(b"\n"):
            yield line
            number += 1
    if len(line) == MAX_LINE:
        raise BrokenRunError(
            f"{path}, line {number}, should have fewer than {MAX_LINE} bytes."
        )


def prefix_sha256(path: Path, offset: int) -> str:
    """Digest, in hex, of the first `offset` bytes of a file.

    Raises:
      BrokenRunError: the file is missing or shorter.
    """
    return _prefix_hash(pathlib.Path(path), offset).hexdigest()


def _prefix_hash(path: pathlib.Path, offset: int) -> "hashlib._Hash":
    size = path.stat().st_size if path.exists() else 0
    if size < offset:
        raise BrokenRunError(
            f"{path} should hold the {offset} bytes that were acknowledged, has {size}."
        )
    digest = hashlib.sha256()
    if offset == 0 and not opening.is_there(path):
        return digest
    with opening.to_read(path) as file:
        while offset > 0 and (chunk := file.read(min(offset, 2**20))):
            digest.update(chunk)
            offset -= len(chunk)
    return digest


def _whole_lines(path: pathlib.Path) -> int:
    """Bytes up to and with the last newline."""
    with opening.to_read(path) as file:
        size = end = file.seek(0, os.SEEK_END)
        while end > 0:
            if size - end > MAX_LINE:
                raise BrokenRunError(
                    f"{path} should end in a row, but its last {MAX_LINE} "
                    "bytes have none."
                )
            start = max(0, end - 2**20)
            file.seek(start)
            at = file.read(end - start).rfind(b"\n")
            if at >= 0:
                return start + at + 1
            end = start
    return 0
