"""Checkpoints: a state on disk that is whole and proven so, or is not taken for one.

    checkpoints/step_00000123.npz    the arrays
    checkpoints/step_00000123.json   step, meta, size and SHA-256 of the arrays, and
                                     a SHA-256 of all that; written second

A checkpoint exists when its `.json` does. Saving writes the arrays, then the `.json`,
each atomically, and only then removes what is older than the newest few; so a crash
at any instant leaves either the old newest or the new one. Both files have one
spelling for one content: any flipped bit shows. Sizes in bytes.
"""

import dataclasses
import hashlib
import os
import pathlib
import re
from collections.abc import Callable, Mapping
from typing import Any

from koki2.runlog import arrays as arrays_, atomic, jsontext
from koki2.runlog.errors import BrokenRunError, InputError

KEEP = 3
_FORMAT = 1
_MAX_JSON = 2**26
_FILE = re.compile(r"step_(\d{8,})\.(npz|json)")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A state read back."""

    step: int
    arrays: dict[str, Any]
    """NumPy arrays by name."""
    meta: dict[str, Any]
    skipped: tuple[str, ...] = ()
    """What was wrong with newer checkpoints, if they had to be passed over."""


def save(
    folder: str | os.PathLike[str],
    step: int,
    arrays: Mapping[str, Any],
    meta: dict[str, Any],
    *,
    keep: int = KEEP,
) -> None:
    """Writes the checkpoint of a step; when it returns, the checkpoint is durable.

    Files left by crashed saves are removed first; afterwards, so are all checkpoints
    but the newest `keep`, and any of a later step (there is one only where a run was
    taken up from before it, because it was damaged).

    Args:
      folder: the folder of checkpoints; made if missing.
      step: steps done, >= 0.
      arrays: NumPy arrays of numbers by name.
      meta: plain values (see `jsontext`) to go with them.
      keep: how many to keep, >= 1.

    Raises:
      InputError: what was given cannot be written; nothing is.
      OSError: the disk refused; the checkpoints of before are still there.

    Example:
      >>> import numpy as np, tempfile
      >>> folder = tempfile.mkdtemp()
      >>> save(folder, 10, {"mean": np.zeros(3)}, {"best": 1.5})
      >>> found = load_newest(folder)
      >>> found.step, found.meta, found.arrays["mean"].shape
      (10, {'best': 1.5}, (3,))
    """
    if step < 0 or keep < 1:
        raise InputError(f"wanted step >= 0 and keep >= 1, got {step=} and {keep=}.")
    data = arrays_.pack(arrays)
    body = {
        "format": _FORMAT,
        "step": step,
        "meta": meta,
        "npz": {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()},
    }
    note = _spell(body)
    folder = pathlib.Path(folder)
    if not folder.is_dir():
        atomic.make_folder(folder)
    atomic.clean(folder)
    atomic.write_bytes(_path(folder, step, "npz"), data)
    atomic.write_bytes(_path(folder, step, "json"), note)
    kept = sorted(s for s in steps(folder) if s <= step)[-keep:]
    for other in {*_files(folder, "json"), *_files(folder, "npz")} - set(kept):
        if atomic.remove(_path(folder, other, "json")):  # no checkpoint from here on
            atomic.remove(_path(folder, other, "npz"))


def steps(folder: str | os.PathLike[str]) -> list[int]:
    """Steps of which there is a checkpoint, rising; none is opened."""
    return _files(pathlib.Path(folder), "json")


def load_newest(
    folder: str | os.PathLike[str],
    accept: Callable[[Checkpoint], str | None] | None = None,
) -> Checkpoint | None:
    """Reads the newest checkpoint that is whole; None where there is none at all.

    Args:
      folder: the folder of checkpoints; it may be missing.
      accept: says what speaks against a whole checkpoint, or None when nothing does.

    Raises:
      BrokenRunError: there are checkpoints and not one will do; says why for each.
    """
    folder, problems = pathlib.Path(folder), []
    for step in reversed(steps(folder)):
        try:
            found = _load(folder, step)
            problem = accept(found) if accept else None
        except (BrokenRunError, OSError) as error:
            problem = f"step {step}: {error}"
        except (KeyError, TypeError) as error:  # a true digest of something else
            problem = f"step {step} is no checkpoint of ours: {error!r}"
        if problem is None:
            return dataclasses.replace(found, skipped=tuple(problems))
        problems.append(problem)
    if problems:
        raise BrokenRunError(
            f"{folder} should hold a whole checkpoint to go on from, but none of "
            f"{len(problems)} will do:\n" + "\n".join(problems)
        )
    return None


def _load(folder: pathlib.Path, step: int) -> Checkpoint:
    path = _path(folder, step, "json")
    if path.stat().st_size > _MAX_JSON:
        raise BrokenRunError(f"{path} should hold at most {_MAX_JSON} bytes.")
    data = path.read_bytes()
    body = jsontext.decode(data, where=str(path))
    if not isinstance(body, dict) or body.pop("sha256", None) != jsontext.digest(body):
        raise BrokenRunError(f"{path} does not match the SHA-256 it carries.")
    if body.get("format") != _FORMAT or body.get("step") != step:
        raise BrokenRunError(
            f"{path} should be of format {_FORMAT} and step {step}, but is of format "
            f"{body.get('format')} and step {body.get('step')}."
        )
    if _spell(body) != data:
        raise BrokenRunError(f"{path} has been edited since it was written.")
    path, wanted = _path(folder, step, "npz"), body["npz"]
    size = path.stat().st_size
    if size != wanted["bytes"] or size > arrays_.MAX_BYTES:
        raise BrokenRunError(f"{path} should hold {wanted['bytes']} bytes, has {size}.")
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != wanted["sha256"]:
        raise BrokenRunError(f"{path} should have SHA-256 {wanted['sha256']}.")
    arrays = arrays_.unpack(data, where=str(path))
    return Checkpoint(step=step, arrays=arrays, meta=body["meta"])


def _spell(body: dict[str, Any]) -> bytes:
    whole = body | {"sha256": jsontext.digest(body)}
    return jsontext.encode(whole, where="checkpoint", indent=2, sort_keys=True) + b"\n"


def _path(folder: pathlib.Path, step: int, suffix: str) -> pathlib.Path:
    return folder / f"step_{step:08d}.{suffix}"


def _files(folder: pathlib.Path, suffix: str) -> list[int]:
    names = (path.name for path in folder.iterdir()) if folder.is_dir() else ()
    found = filter(None, map(_FILE.fullmatch, names))
    return sorted(int(match[1]) for match in found if match[2] == suffix)
