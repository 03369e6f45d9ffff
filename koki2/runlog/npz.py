"""The `.npz` back end of checkpoints: one file, one spelling, one SHA-256."""

import hashlib
import pathlib
from collections.abc import Mapping
from typing import Any

from koki2.runlog import arrays as arrays_, opening
from koki2.runlog.errors import BrokenRunError
from koki2.runlog.types import Arrays

SUFFIX = "npz"
check = arrays_.check


def save(path: pathlib.Path, arrays: Arrays) -> dict[str, Any]:
    """Writes the arrays durably; returns what the header must keep of them."""
    arrays_.save_arrays(path, arrays)
    return {"bytes": path.stat().st_size, "sha256": _sha256(path)}


def load(path: pathlib.Path, kept: Mapping[str, Any]) -> dict[str, Any]:
    """Reads the arrays back, if they are those that the header keeps.

    Raises:
      BrokenRunError: they are not.
      OSError: there is no such file.
    """
    size = path.stat().st_size
    if size != kept.get("bytes"):
        raise BrokenRunError(
            f"{path} should hold {kept.get('bytes')} bytes, has {size}."
        )
    if _sha256(path) != kept.get("sha256"):
        raise BrokenRunError(f"{path} should have SHA-256 {kept.get('sha256')}.")
    return arrays_.load_arrays(path)


def _sha256(path: pathlib.Path) -> str:
    with opening.to_read(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
