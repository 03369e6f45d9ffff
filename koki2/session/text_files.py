"""Text files and folders of them: documents in, or a reason why not.

A file ending in .jsonl has a document a row; of a folder every file is one, but for
hidden ones; other files are cut, as `koki2.data` does it. What the files are called
decides nothing.
"""

import json
import pathlib
from typing import Any

from koki2 import data, runlog
from koki2.runlog import opening
from koki2.session.printing import printable

_ROWS = ".jsonl"


def read_documents(
    path: pathlib.Path, *, cut: str = "auto", text_key: str = "text"
) -> list[bytes]:
    """Reads the documents of a file, or of all files below a folder.

    Args:
      path: the file or folder.
      cut: how files are cut: one of `data.CUTS`; auto: those of a folder not at all,
        another as `data.find_cut` says.
      text_key: where the text stands in a row of a .jsonl file.

    Raises:
      InputError: there is no such file, it cannot be read, or a row is no text.
    """
    if not path.is_dir():
        return _documents(path, cut, text_key)
    inside = sorted(path.rglob("*"))
    visible = lambda file: (
        not any(part.startswith(".") for part in file.relative_to(path).parts)
    )
    files = [file for file in inside if file.is_file() and visible(file)]
    if not files:
        raise runlog.InputError(
            f"{printable(path)} must be a folder of texts, but has no files."
        )
    cut = "whole" if cut == "auto" else cut
    return [one for file in files for one in _documents(file, cut, text_key)]


def _documents(path: pathlib.Path, cut: str, text_key: str) -> list[bytes]:
    text = _read(path)
    if path.suffix.lower() == _ROWS:
        return _rows(text, printable(path), text_key)
    return data.CUTS[data.find_cut(text) if cut == "auto" else cut](text)


def _read(path: pathlib.Path) -> bytes:
    try:
        with opening.to_read(path, error=runlog.InputError) as file:
            return file.read()
    except runlog.InputError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = getattr(error, "strerror", None) or error
        raise runlog.InputError(
            f"{printable(path)} cannot be read: {reason}."
        ) from None


def _rows(text: bytes, name: str, text_key: str) -> list[bytes]:
    found = []
    for number, line in enumerate(text.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            found.append(_text_of(json.loads(line), text_key).encode())
        except (ValueError, RecursionError, TypeError, KeyError) as error:
            reason = f"{type(error).__name__}: {error}"
            raise runlog.InputError(
                f"line {number} of {name} must be JSON with a text under "
                f"{text_key!r}, or messages of a role and content each, got {reason}."
            ) from None
    return found


def _text_of(row: Any, text_key: str) -> str:
    """The text of a row: itself, or under its key, or messages after their roles."""
    if isinstance(row, dict) and text_key not in row and "messages" in row:
        turns = [(_text(m["role"]), _text(m["content"])) for m in row["messages"]]
        return "".join(f"<|{role}|>{content}" for role, content in turns)
    return _text(row[text_key] if isinstance(row, dict) else row)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"no text but {type(value).__name__}")
    return value
