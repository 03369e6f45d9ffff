"""What goes up to a pod: an archive of the commit, with the lock file, and scripts.

A working tree that differs from its commit is refused, unless that is asked for; then
the archive is of the tree as it is, what git ignores aside, and the difference is kept.
"""

import hashlib
import importlib.resources
import io
import os
import pathlib
import tarfile
from typing import NamedTuple

from koki2 import runlog
from koki2.bursts import retrieval, shell
from koki2.bursts.api import KEY
from koki2.bursts.configs import BurstConfig

BUNDLE = "bundle.tar"
SUMS = "SHA256SUMS"
SCRIPTS = ("prepare.sh", "job.sh")
"""The watchdog is there before them."""
_ARCHIVE, _PATCH, _INDEX = "source.tar.gz", "dirty.patch", "index.tmp"


class Source(NamedTuple):
    """What is to be archived."""

    checkout: pathlib.Path
    commit: str
    is_dirty: bool
    """Whether the working tree differs from the commit, and is sent as it is."""
    lock_sha256: str
    """Of the lock file; empty if none is used."""


def find(config: BurstConfig) -> Source:
    """Finds out what a burst from the working directory would send.

    Raises:
      InputError: no checkout, a dirty one, or one without the lock file or the script
        that shall run.
    """
    code, out, _ = shell.attempt(["git", "rev-parse", "--show-toplevel"])
    if code:
        raise runlog.InputError("a burst must be started in a git checkout.")
    checkout = pathlib.Path(out.decode().rstrip("\n"))
    commit = _git(checkout, "rev-parse", "--verify", "HEAD").decode().strip()
    changed = _git(checkout, "status", "--porcelain", "--untracked-files=normal")
    if changed and not config.dirty:
        count = len(changed.splitlines())
        raise runlog.InputError(
            "the checkout must have no uncommitted changes, so that its commit says "
            f"what ran, got {count}; --dirty sends the working tree as it is."
        )
    needed = [] if config.lock is None else [(config.lock, "--lock")]
    if not config.command:
        needed.append((pathlib.Path(config.words[-1]), "the default command"))
    for path, what in needed:
        if not _is_sent(checkout, str(path), config.dirty):
            raise runlog.InputError(
                f"{what} must be a file of the commit, got {path}, which is not there."
            )
    lock = b"" if config.lock is None else (checkout / config.lock).read_bytes()
    digest = hashlib.sha256(lock).hexdigest() if lock else ""
    return Source(checkout, commit, bool(changed), digest)


def bundle(source: Source, folder: pathlib.Path) -> pathlib.Path:
    """Makes the file that goes up: archive, scripts, and the SHA-256 of each.

    Args:
      source: what to archive.
      folder: of the burst; a dirty tree leaves its difference from the commit there.

    Raises:
      InputError: the API key is in one of its files.
    """
    tree = source.commit
    if source.is_dirty:
        tree = _write_tree(source.checkout, folder)
    archive = folder / _ARCHIVE
    where = str(archive.absolute())
    _git(source.checkout, "archive", "--format=tar.gz", "-o", where, tree)
    _check_key(archive)
    if source.is_dirty:
        patch = _git(source.checkout, "diff", "--binary", source.commit, tree)
        (folder / _PATCH).write_bytes(patch)
    with tarfile.open(folder / BUNDLE, "w") as tar:
        sums = [f"{retrieval.sha256_of(archive)}  {_ARCHIVE}\n"]
        tar.add(archive, _ARCHIVE)
        for name in SCRIPTS:
            text = script(name)
            sums.append(f"{hashlib.sha256(text).hexdigest()}  {name}\n")
            _add(tar, name, text)
        _add(tar, SUMS, "".join(sums).encode())
    return folder / BUNDLE


def remove(folder: pathlib.Path) -> None:
    """Removes what went up; the commit, or the difference from it, says what it was."""
    for name in (BUNDLE, _ARCHIVE):
        (folder / name).unlink(missing_ok=True)


def script(name: str) -> bytes:
    """A script that runs on the pod."""
    return (importlib.resources.files("koki2.bursts") / "pod" / name).read_bytes()


def _check_key(archive: pathlib.Path) -> None:
    """Raises InputError where the API key would go to the pod with the source."""
    key = os.environ.get(KEY, "").encode()
    with tarfile.open(archive) as tar:
        for member in tar:
            file = tar.extractfile(member) if member.isfile() else None
            if key and file is not None and key in file.read():
                raise runlog.InputError(
                    f"the checkout must not have {KEY} in it, which goes to no pod, "
                    f"got it in {member.name}."
                )


def _write_tree(checkout: pathlib.Path, folder: pathlib.Path) -> str:
    """Writes the working tree, what git ignores aside, as a tree that no commit has."""
    index = folder / _INDEX
    inside = {"GIT_INDEX_FILE": str(index.absolute())}
    try:
        _git(checkout, "read-tree", "HEAD", **inside)
        _git(checkout, "add", "--all", **inside)
        return _git(checkout, "write-tree", **inside).decode().strip()
    finally:
        index.unlink(missing_ok=True)


def _is_sent(checkout: pathlib.Path, path: str, is_dirty: bool) -> bool:
    git = ["git", "-C", str(checkout)]
    if is_dirty:
        listed = ["ls-files", "--cached", "--others", "--exclude-standard", "--", path]
        return (checkout / path).is_file() and bool(shell.call([*git, *listed]))
    return not shell.attempt([*git, "cat-file", "-e", f"HEAD:{path}"])[0]


def _git(checkout: pathlib.Path, *words: str, **variables: str) -> bytes:
    named = [f"{name}={value}" for name, value in variables.items()]
    return shell.call(
        [*(["env", *named] if named else []), "git", "-C", str(checkout), *words]
    )


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    tar.addfile(info, io.BytesIO(data))
