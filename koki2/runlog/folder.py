"""Run folders: what they are called, what lies in them, and that no two are one."""

import pathlib
import re
import time
from collections.abc import Mapping

from koki2.runlog import atomic
from koki2.runlog.errors import InputError
from koki2.runlog.types import Path

CONFIG = "config.json"  # every knob, and where its value came from; written last
MANIFEST = "manifest.json"  # code, versions, machine
METRICS = "generations.jsonl"  # the stream "metrics" of evo, batch and qd
TIMING = "timing.jsonl"  # wall clock, kept apart as it differs from run to run
SUMMARY = "summary.json"  # the verdict; there once the run is complete
CHECKPOINTS = "checkpoints"
LOCK = ".lock"

STREAMS = {"metrics": METRICS}

_STEM = re.compile(r"[a-z][a-z0-9_]{0,63}")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_NAME = re.compile(
    r"(?P<started>\d{8}T\d{6}Z)_(?P<command>[^_]+)(_.+)?_seed(?P<seed>-?\d+)(-.+)?"
)


def create(
    root: Path,
    command: str,
    seed: int,
    *,
    out_dir: Path | None = None,
    label: str | None = None,
    tag: str | None = None,
) -> pathlib.Path:
    """Makes the folder of a new run and returns its path.

        <root>/<utc>_<command>[_<label>]_seed<seed>[-<tag>][-2, -3, ...]

    The last part is for runs that start within one second; `mkdir` decides who is
    first, so any number of processes get as many folders. None is ever used again.

    Args:
      root: where runs are kept; made if missing.
      command: the koki2 command, as "evo-l0".
      seed: the seed of the run.
      out_dir: the exact folder to use instead; it must be new or empty.
      label: what tells runs of one command apart, as "obstacles-l1.2_openai_es".
      tag: a word of your own, letters, digits and `._-`.

    Raises:
      InputError: a command, label or tag that is no file name, or a taken `out_dir`.

    Example:
      >>> import tempfile
      >>> path = create(tempfile.mkdtemp(), "evo-l0", 7, tag="wide")
      >>> parse(path.name)[1:], path.name.endswith("_evo-l0_seed7-wide")
      (('evo-l0', 7), True)
    """
    for what, word in (("command", command), ("label", label), ("tag", tag)):
        if word is not None and not _WORD.fullmatch(word):
            raise InputError(
                f"{what} must be letters, digits and ._- (64 at most), as it becomes "
                f"part of a folder's name, got {word!r}."
            )
    if out_dir is not None:
        return make_new(pathlib.Path(out_dir))
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    named = f"{command}_{label}" if label else command
    name = f"{stamp}_{named}_seed{seed}" + (f"-{tag}" if tag else "")
    return make_numbered(pathlib.Path(root), name)


def make_numbered(root: pathlib.Path, name: str) -> pathlib.Path:
    """Makes a folder of that name, with a number behind it where it is taken.

    Raises:
      InputError: `root` is, or lies in, a file.
      OSError: the disk refused.
    """
    number = 1
    while True:
        path = root / (name if number == 1 else f"{name}-{number}")
        try:
            atomic.make_folder(path)
            return path
        except FileExistsError:
            number += 1
        except NotADirectoryError:
            raise InputError(
                f"runs are kept in a folder, but {root} is, or lies in, a file."
            ) from None


def parse(name: str) -> tuple[str, str, int] | None:
    """When (UTC), which command, which seed: read from a folder's name, or None.

    Example:
      >>> parse("20261120T101530Z_evo-l0_seed7-wide-2")
      ('2026-11-20T10:15:30Z', 'evo-l0', 7)
      >>> parse("20261120T101530Z_evo_sparse-l4.0_openai_es_seed0")[1:]
      ('evo', 0)
      >>> parse("notes") is None
      True
    """
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    t = match["started"]
    started = f"{t[:4]}-{t[4:6]}-{t[6:11]}:{t[11:13]}:{t[13:]}"
    return started, match["command"], int(match["seed"])


def check_stem(what: str, name: str) -> None:
    """Raises InputError unless `name` is a plain file stem, as "best_genome".

    Example:
      >>> check_stem("the name of an artifact", "best_genome")
    """
    if not (isinstance(name, str) and _STEM.fullmatch(name)):
        raise InputError(
            f"{what} must be a-z, 0-9 and _ (64 at most, a letter first), as it "
            f"becomes a file's name, got {name!r}."
        )


def check_streams(streams: Mapping[str, str]) -> None:
    """Raises InputError unless every stream has a `.jsonl` file of its own.

    Example:
      >>> check_streams({"metrics": "steps.jsonl", "events": "events.jsonl"})
    """
    if "metrics" not in streams:
        raise InputError(f'streams must have "metrics", got {sorted(streams)}.')
    for name, file in streams.items():
        check_stem("the name of a stream", name)
        if not (isinstance(file, str) and file.endswith(".jsonl")):
            raise InputError(f"the file of {name} must end in .jsonl, got {file!r}.")
        check_stem(f"the file of {name}", file.removesuffix(".jsonl"))
    files = [*streams.values(), TIMING]
    if len(set(files)) < len(files):
        raise InputError(
            f"every stream must have a file of its own, and {TIMING} is taken, got "
            f"{dict(streams)}."
        )


def check_new(path: pathlib.Path, what: str = "a new run") -> None:
    """Raises InputError unless the folder is empty, a lock file apart."""
    taken = sorted(entry.name for entry in path.iterdir() if entry.name != LOCK)
    if taken:
        names = ", ".join(taken[:3]) + (" ..." if taken[3:] else "")
        raise InputError(
            f"{what} must have a new or empty folder, so that nothing is overwritten; "
            f"{path} holds {names}."
        )


def make_new(path: pathlib.Path, what: str = "a new run") -> pathlib.Path:
    """Makes exactly this folder, unless it is there and empty.

    Raises:
      InputError: it holds something, or is, or lies in, a file.

    Example:
      >>> import tempfile
      >>> make_new(pathlib.Path(tempfile.mkdtemp(), "mine")).name
      'mine'
    """
    try:
        atomic.make_folder(path)
    except (FileExistsError, NotADirectoryError):
        if not path.is_dir():
            raise InputError(
                f"{what} must have a folder to write to, but {path} is, or lies in, a "
                "file."
            ) from None
        check_new(path, what)
    return path
