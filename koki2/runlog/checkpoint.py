"""Checkpoints: a state on disk that is whole and proven so, or is not taken for one.

    checkpoints/step_00000123.npz    the arrays; a folder step_00000123.orbax where
                                     they are large or sharded
    checkpoints/step_00000123.json   the header; written second

The header of format 2:

    format    2
    run       what the state belongs to: kind, config_digest, seed, and identity, the
              digest of `manifest.identity`
    streams   {name: {file, offset, sha256}}: the rows that the state comes after
    step      steps done
    meta      plain values of the caller
    arrays    back end and file of the arrays, and their size and SHA-256 (npz) or
              dtype, shape and SHA-256 of each (orbax)
    sha256    digest of all that

A checkpoint exists when its header does. Saving writes the arrays, then the header,
each atomically, and only then removes what is older than the newest few; so a crash
at any instant leaves either the old newest or the new one. Header and `.npz` have one
spelling for one content: any flipped bit shows. Sizes in bytes.
"""

import dataclasses
import pathlib
import re
from collections.abc import Callable, Mapping
from typing import Any

from koki2.core.given import given
from koki2.runlog import atomic, jsontext, npz, opening, orbax
from koki2.runlog.errors import BrokenRunError, InputError
from koki2.runlog.types import Arrays, Path, Values

FORMAT = 2
KEEP = 3
_MAX_JSON = 2**24
ORBAX_BYTES = 2**30
"""States above this size go to Orbax, where JAX runs in one process."""
_BACK_ENDS = {"npz": npz, "orbax": orbax}
_FILE = re.compile(r"step_(\d{8,})(-2(?=\.orbax))?\.(json|npz|orbax)")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A state read back."""

    step: int
    arrays: dict[str, Any]
    """NumPy arrays by name."""
    meta: dict[str, Any]
    facts: dict[str, Any] = dataclasses.field(default_factory=dict)
    """What the state belongs to, as it was given to `save`."""
    streams: dict[str, Any] = dataclasses.field(default_factory=dict)
    """File, offset and digest of every row stream, by name."""
    skipped: tuple[str, ...] = ()
    """What was wrong with newer checkpoints, if they had to be passed over."""


def save(
    folder: Path,
    step: int,
    arrays: Arrays,
    meta: Values,
    *,
    facts: Values | None = None,
    streams: Mapping[str, Values] | None = None,
    keep: int = KEEP,
) -> None:
    """Writes the checkpoint of a step; when it returns, the checkpoint is durable.

    Files left by crashed saves are removed first; afterwards, so are all checkpoints
    but the newest `keep`, and any of a later step (there is one only where a run was
    resumed from before it, because it was damaged).

    Args:
      folder: the folder of checkpoints; made if missing.
      step: steps done, >= 0.
      arrays: NumPy arrays of numbers by name; also JAX arrays that are sharded over
        the devices of this process.
      meta: plain values (see `jsontext`) to go with them.
      facts: plain values that say what the state belongs to; `load_newest` compares
        them.
      streams: file, offset and SHA-256 of each row stream, by its name.
      keep: how many to keep, >= 1.

    Raises:
      InputError: what was given cannot be written; nothing is.
      OSError: the disk refused; the checkpoints of before are still there.

    Example:
      >>> import numpy as np, tempfile
      >>> folder = tempfile.mkdtemp()
      >>> save(folder, 10, {"mean": np.zeros(3)}, {"best": 1.5})
      >>> loaded = load_newest(folder)
      >>> loaded.step, loaded.meta, loaded.arrays["mean"].shape
      (10, {'best': 1.5}, (3,))
    """
    if step < 0 or keep < 1:
        raise InputError(f"step must be >= 0 and keep >= 1, got {step=} and {keep=}.")
    back_end = _choose(arrays)
    _BACK_ENDS[back_end].check(arrays)
    header = {
        "format": FORMAT,
        "run": dict(facts or {}),
        "streams": dict(streams or {}),
        "step": step,
        "meta": dict(meta),
    }
    _spell(header)  # before anything is written for nothing
    folder = pathlib.Path(folder)
    opening.check_folder(folder)
    if not folder.is_dir():
        atomic.make_folder(folder)
    _clean(folder)
    path = folder / _new_file(folder, step, back_end)
    written = _BACK_ENDS[back_end].save(path, arrays)
    header["arrays"] = {"back_end": back_end, "file": path.name, **written}
    atomic.write_bytes(_header_path(folder, step), _spell(header))
    _sweep(folder, sorted(s for s in steps(folder) if s <= step)[-keep:])


def tidy(folder: Path, *, keep: int = KEEP) -> None:
    """Removes what writers killed in the middle of a `save` left, and old checkpoints.

    A writer killed after a save and before its clean-up leaves one checkpoint more
    than one that was not; where no save follows, as at the end of a run, this is what
    removes it.

    Args:
      folder: the folder of checkpoints; it may be missing.
      keep: how many of the newest to keep, >= 1.

    Example:
      >>> import numpy as np, tempfile
      >>> folder = tempfile.mkdtemp()
      >>> for step in range(3):
      ...     save(folder, step, {"mean": np.zeros(3)}, {})
      >>> tidy(folder, keep=2)
      >>> steps(folder)
      [1, 2]
    """
    folder = pathlib.Path(folder)
    opening.check_folder(folder)
    if folder.is_dir():
        _clean(folder)
        _sweep(folder, steps(folder)[-keep:])


def steps(folder: Path) -> list[int]:
    """Steps of which there is a checkpoint, rising; none is opened."""
    files = _files(pathlib.Path(folder))
    return sorted(step for step, name in files if name.endswith(".json"))


def load_newest(
    folder: Path,
    accept: Callable[[Checkpoint], str | None] | None = None,
    *,
    facts: Values | None = None,
) -> Checkpoint | None:
    """Reads the newest checkpoint that is whole; None where there is none at all.

    Args:
      folder: the folder of checkpoints; it may be missing.
      accept: says what speaks against a whole checkpoint, or None when nothing does.
      facts: what the checkpoint must belong to; None compares nothing.

    Raises:
      InputError: the newest whole checkpoint has the format of an older koki2.
      BrokenRunError: the newest whole checkpoint belongs to something else (names
        the field), or there are checkpoints and not one can be used (says why for
        each).
    """
    folder, problems = pathlib.Path(folder), []
    opening.check_folder(folder)
    for step in reversed(steps(folder)):
        try:
            header = _load_header(folder, step)
        except (BrokenRunError, OSError) as error:
            problems.append(f"step {step}: {error}")
            continue
        if facts is not None:
            _compare(folder, step, header["run"], facts)
        loaded = None
        try:
            arrays = _load_arrays(folder, step, header["arrays"])
            loaded = Checkpoint(
                step=step,
                arrays=arrays,
                meta=header["meta"],
                facts=header["run"],
                streams=header["streams"],
                skipped=tuple(problems),
            )
            problem = accept(loaded) if accept else None
        except (BrokenRunError, OSError) as error:
            problem = f"step {step}: {error}"
        except (AttributeError, KeyError, TypeError) as error:  # a true digest of junk
            problem = f"step {step} is no checkpoint of ours: {error!r}"
        if problem is None:
            return given(loaded)
        problems.append(problem)
    if problems:
        raise BrokenRunError(
            f"{folder} should hold a whole checkpoint to resume from, but none of "
            f"{len(problems)} can be used:\n" + "\n".join(problems)
        )
    return None


def check_newest(folder: Path, facts: Values) -> None:
    """Raises BrokenRunError where the newest checkpoint is of something else.

    Where there is none whose header is whole, there is nothing to compare.
    """
    newest = _newest_header(pathlib.Path(folder))
    if newest is not None:
        step, header = newest
        _compare(pathlib.Path(folder), step, header["run"], facts)


def newest_streams(folder: Path) -> dict[str, dict[str, Any]] | None:
    """File, offset and digest of every row stream, by name, at the newest checkpoint.

    None where there is none whose header is whole; no array is read.
    """
    newest = _newest_header(pathlib.Path(folder))
    return None if newest is None else newest[1]["streams"]


def _newest_header(folder: pathlib.Path) -> tuple[int, dict[str, Any]] | None:
    for step in reversed(steps(folder)):
        try:
            return step, _load_header(folder, step)
        except (BrokenRunError, InputError, OSError):
            continue  # what is wrong with it, `load_newest` says
    return None


def _load_header(folder: pathlib.Path, step: int) -> dict[str, Any]:
    path = _header_path(folder, step)
    data = opening.read_bytes(path, limit=_MAX_JSON)
    header = jsontext.decode(data, where=str(path))
    digest = header.pop("sha256", None) if isinstance(header, dict) else None
    if digest != jsontext.digest(header):
        raise BrokenRunError(f"{path} does not match the SHA-256 it carries.")
    if header.get("format") == 1:
        raise InputError(
            f"{path} was written by an older koki2 (checkpoint format 1), and this one "
            f"resumes format {FORMAT} only. Start the run again with its config and "
            "seed: it replays from the start to the same rows."
        )
    if header.get("format") != FORMAT or header.get("step") != step:
        raise BrokenRunError(
            f"{path} should be of format {FORMAT} and step {step}, but is of format "
            f"{header.get('format')} and step {header.get('step')}."
        )
    if _spell(header) != data:
        raise BrokenRunError(f"{path} has been edited since it was written.")
    for name in ("run", "streams", "meta", "arrays"):
        if not isinstance(header.get(name), dict):
            raise BrokenRunError(f'{path} should have an object "{name}", has none.')
    if not all(map(_is_mark, header["streams"].values())):
        raise BrokenRunError(
            f"{path} should have file, offset and sha256 of each stream, got "
            f"{header['streams']!r:.80}."
        )
    return header


def _is_mark(value: object) -> bool:
    """Whether a value says where a stream stood."""
    if not isinstance(value, dict):
        return False
    offset = value.get("offset")
    is_offset = type(offset) is int and offset >= 0
    return is_offset and all(isinstance(value.get(n), str) for n in ("file", "sha256"))


def _compare(
    folder: pathlib.Path, step: int, written: Mapping[str, Any], facts: Values
) -> None:
    differing = [
        f"its {name} is {written.get(name, 'missing')!r:.80}, that of this run "
        f"{facts.get(name, 'missing')!r:.80}"
        for name in sorted({*written, *facts})
        if name not in written or name not in facts or written[name] != facts[name]
    ]
    if differing:
        raise BrokenRunError(
            f"{_header_path(folder, step)} belongs to another run: "
            f"{'; '.join(differing)}. (The identity is a digest of command, kind, "
            "seed, config, code version and objects.)"
        )


def _spell(header: dict[str, Any]) -> bytes:
    whole = header | {"sha256": jsontext.digest(header)}
    return jsontext.encode(whole, where="checkpoint", indent=2, sort_keys=True) + b"\n"


def _choose(arrays: Arrays) -> str:
    size = sum(getattr(array, "nbytes", 0) for array in arrays.values())
    is_sharded = any(orbax.is_sharded(array) for array in arrays.values())
    is_large = is_sharded or size > ORBAX_BYTES
    return "orbax" if is_large and orbax.is_usable() else "npz"


def _load_arrays(
    folder: pathlib.Path, step: int, kept: Mapping[str, Any]
) -> dict[str, Any]:
    file, back_end = kept.get("file"), kept.get("back_end")
    match = _FILE.fullmatch(file) if isinstance(file, str) else None
    is_named = match is not None and int(match[1]) == step and match[3] == back_end
    if not is_named:
        raise BrokenRunError(
            f"{_header_path(folder, step)} should name a file of its arrays, got "
            f"{file!r:.80}."
        )
    return _BACK_ENDS[given(back_end)].load(folder / given(file), kept)


def _new_file(folder: pathlib.Path, step: int, back_end: str) -> str:
    """The name for new arrays. A `.npz` replaces the old one in one instant; a folder
    cannot, so it takes the name that the present checkpoint of the step has not."""
    name = f"step_{step:08d}.{back_end}"
    if back_end == "orbax" and name in _used(folder, step):
        return f"step_{step:08d}-2.{back_end}"
    return name


def _used(folder: pathlib.Path, step: int) -> set[str]:
    """The files of a checkpoint; all that might be of it, if its header is broken."""
    try:
        file = _load_header(folder, step)["arrays"].get("file")
    except (BrokenRunError, InputError, OSError):
        return {name for other, name in _files(folder) if other == step}
    return {file, _header_path(folder, step).name}


def _sweep(folder: pathlib.Path, kept: list[int]) -> None:
    """Removes all files of checkpoints but those of the kept ones, headers first."""
    used = {name for step in kept for name in _used(folder, step)}
    unused = {(step, name) for step, name in _files(folder) if name not in used}
    headers = {(step, name) for step, name in unused if name.endswith(".json")}
    for step, name in sorted(headers):
        if not atomic.remove(folder / name):  # it is a checkpoint still
            unused -= {(s, n) for s, n in unused if s == step}
    for _, name in sorted(unused - headers):
        _remove(folder / name)


def _clean(folder: pathlib.Path) -> None:
    """Removes what killed writers left."""
    atomic.clean(folder)
    for path in sorted(folder.glob(orbax.TEMPORARY)):
        _remove(path)


def _remove(path: pathlib.Path) -> None:
    if path.is_dir() and not path.is_symlink():
        atomic.remove_tree(path)
    else:
        atomic.remove(path)


def _header_path(folder: pathlib.Path, step: int) -> pathlib.Path:
    return folder / f"step_{step:08d}.json"


def _files(folder: pathlib.Path) -> list[tuple[int, str]]:
    """Step and name of all that may be part of a checkpoint."""
    names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else ()
    matches = filter(None, map(_FILE.fullmatch, names))
    return [(int(match[1]), match[0]) for match in matches]
