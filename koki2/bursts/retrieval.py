"""What comes back from a pod: files, with the SHA-256 that each had there."""

import hashlib
import pathlib
import re
import shlex
from collections.abc import Callable, Sequence
from typing import NamedTuple

from koki2.bursts import shell
from koki2.bursts.api import Endpoint
from koki2.bursts.errors import BurstError

FETCHED, SUMS = "fetched", "fetched.sha256"
LOGS = ("stdout.log", "stderr.log")
_LINE = re.compile(rb"(\\?)([0-9a-f]{64})  (.+)")
_MISSING = b"missing  "
_ESCAPES = {rb"\n": b"\n", rb"\r": b"\r", rb"\\": b"\\"}


class Sums(NamedTuple):
    """What lies on the pod under the paths that were asked for."""

    sha256: dict[str, str]
    """By file, relative to the checkout."""
    missing: list[str]
    """Paths that are not there."""


def sums_command(paths: Sequence[str]) -> str:
    """The shell command that prints the SHA-256 of every file under some paths.

    Example:
      >>> sums_command(["runs", "a b"])[:56]
      "cd koki2-burst/src && for path in runs 'a b'; do if [ -e"
    """
    return (
        f"cd {shell.HERE}/src && for path in {shlex.join(paths)}; do "
        'if [ -e "$path" ]; then find "$path" -type f -exec sha256sum {} +; '
        'else echo "missing  $path"; fi; done'
    )


def read_sums(text: bytes) -> Sums:
    r"""Reads what `sums_command` prints; sha256sum escapes names with newlines.

    Example:
      >>> sums = read_sums(b"\\" + b"0" * 64 + b"  a\\nb\nmissing  logs\n")
      >>> list(sums.sha256), sums.missing
      (['a\nb'], ['logs'])
    """
    sums = Sums({}, [])
    for line in text.split(b"\n"):
        if line.startswith(_MISSING):
            sums.missing.append(_name(line.removeprefix(_MISSING)))
        elif match := _LINE.fullmatch(line):
            name = match[3]
            if match[1]:
                name = re.sub(rb"\\[nr\\]", lambda m: _ESCAPES[m[0]], name)
            sums.sha256[_inside(_name(name))] = match[2].decode()
        elif line:
            raise BurstError(f"the pod must list SHA-256 sums, got {line[:80]!r}.")
    return sums


def differing(sums: Sums, folder: pathlib.Path) -> list[str]:
    """The files that did not arrive as they were, in a folder that they came to.

    So are those of which there is no sum: they were written while others were fetched.
    """
    arrived = {
        str(path.relative_to(folder)): path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }
    return [
        name
        for name in dict.fromkeys([*sums.sha256, *arrived])
        if name not in arrived or sha256_of(arrived[name]) != sums.sha256.get(name)
    ]


def fetch(
    burst: pathlib.Path,
    endpoint: Endpoint,
    paths: Sequence[str],
    left: Callable[[], float],
) -> Sums:
    """Brings files and folders back into the burst's folder and checks them.

    Args:
      burst: its folder; they go into its folder `FETCHED`, the sums beside it.
      endpoint: of the pod.
      paths: relative to the checkout.
      left: seconds that there are for it.

    Raises:
      BurstError: they did not come, or not as they were.
    """
    words = shell.on_pod(burst, endpoint, sums_command(paths))
    text = shell.call(words, timeout=left())
    (burst / SUMS).write_bytes(text)
    sums = read_sums(text)
    there = [path for path in paths if path not in sums.missing]
    if there:
        (burst / FETCHED).mkdir(exist_ok=True)
        inside = [f"src/./{path}" for path in there]
        words = shell.from_pod(burst, endpoint, inside, burst / FETCHED)
        shell.call(words, timeout=left())
    lost = [path for path in there if not (burst / FETCHED / path).exists()]
    if lost:
        raise BurstError(
            f"--fetch {lost[0]} must be no link that leads elsewhere on the pod."
        )
    wrong = differing(sums, burst / FETCHED)
    if wrong:
        raise BurstError(
            f"{len(wrong)} of {len(sums.sha256)} files did not arrive as they were on "
            f"the pod, {wrong[0]} first; see {burst / SUMS}."
        )
    return sums


def bring_logs(burst: pathlib.Path, endpoint: Endpoint, timeout: float) -> bool:
    """Brings what the command has printed until now, and says whether that worked."""
    return shell.attempt(logs_words(burst, endpoint), timeout=timeout)[0] == 0


def logs_words(burst: pathlib.Path, endpoint: Endpoint) -> list[str]:
    """The argument list that brings the logs of a command into the burst's folder."""
    paths = [f"./{name}" for name in LOGS]
    return shell.from_pod(burst, endpoint, paths, burst)


def sha256_of(path: pathlib.Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _inside(name: str) -> str:
    """A name as it is within a folder; raises BurstError where it leads out of it."""
    path = pathlib.PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise BurstError(f"the pod must list files of the checkout, got {name!r}.")
    return str(path)


def _name(text: bytes) -> str:
    return text.decode("utf-8", "surrogateescape")
