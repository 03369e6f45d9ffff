"""Commands on a pod, by ssh, and files from there, by rsync: argument lists, and calls.

Every burst has an ssh key pair of its own, which is removed with the pod. No child
process gets the API key, neither as an argument nor in its environment.
"""

import contextlib
import functools
import os
import pathlib
import shlex
import shutil
import subprocess
from collections.abc import Sequence

from koki2 import runlog
from koki2.bursts.api import Endpoint, KEY
from koki2.bursts.errors import BurstError

PROGRAMS = ("git", "ssh", "ssh-keygen", "rsync")
HERE = "koki2-burst"
"""The folder of the burst on the pod, in the home of who logs in."""
LOST = 255
"""What ssh ends with if it is not the command that failed."""
CALL = 60.0
"""Seconds for a short command on a pod."""
_KEY_FILE, _HOSTS = "ssh_key", "known_hosts"
_CONNECT = 20  # seconds for a connection


def check_programs() -> None:
    """Raises InputError unless the programs that a burst starts are on this machine."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing:
        raise runlog.InputError(
            f"{', '.join(PROGRAMS)} must be on PATH, but {' and '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} not."
        )


def environment() -> dict[str, str]:
    """The environment of child processes: ours, without the API key."""
    key = os.environ.get(KEY)
    return {
        name: value
        for name, value in os.environ.items()
        if name != KEY and not (key and key in value)
    }


def make_key(folder: pathlib.Path, name: str) -> str:
    """Makes the ssh key pair of a burst and returns the public key."""
    call(key_words(folder, name))
    path = folder / f"{_KEY_FILE}.pub"
    return path.read_text(encoding="ascii").strip()


def key_words(folder: pathlib.Path, name: str) -> list[str]:
    """The argument list that makes the ssh key pair of a burst."""
    path = str(folder / _KEY_FILE)
    return ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", path]


def remove_key(folder: pathlib.Path) -> None:
    """Removes the key pair of a burst whose pod is gone."""
    for name in (_KEY_FILE, f"{_KEY_FILE}.pub", _HOSTS):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(folder / name)


def ssh_words(folder: pathlib.Path, endpoint: Endpoint) -> list[str]:
    """How ssh reaches a pod, up to the host; this machine's settings take no part."""
    return [
        *("ssh", "-F", "none", "-i", str(folder / _KEY_FILE)),
        *("-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes"),
        *("-o", f'UserKnownHostsFile="{folder / _HOSTS}"'),
        *("-o", "StrictHostKeyChecking=accept-new"),
        *("-o", f"ConnectTimeout={_CONNECT}"),
        *("-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=4"),
        *("-p", str(endpoint.port)),
    ]


def on_pod(folder: pathlib.Path, endpoint: Endpoint, command: str) -> list[str]:
    """The argument list that runs a shell command on a pod.

    Example:
      >>> words = on_pod(pathlib.Path("x"), Endpoint("10.0.0.1", 2222, "root"), "ls a")
      >>> words[0], words[-4:]
      ('ssh', ['-p', '2222', 'root@10.0.0.1', 'ls a'])
    """
    host = f"{endpoint.user}@{endpoint.host}"
    return [*ssh_words(folder, endpoint), host, command]


def from_pod(
    folder: pathlib.Path, endpoint: Endpoint, paths: Sequence[str], into: pathlib.Path
) -> list[str]:
    """The argument list that brings files of the burst's folder on the pod here.

    What stands behind "/./" in a path is where they lie within `into`.
    """
    host = f"{endpoint.user}@{endpoint.host}"
    return [
        *("rsync", "--recursive", "--links", "--safe-links", "--perms", "--times"),
        *("--relative", "--protect-args", "--timeout=60"),
        *("-e", shlex.join(ssh_words(folder, endpoint))),
        *(f"{host}:{HERE}/{path}" for path in paths),
        f"{into}/",
    ]


def call(
    words: Sequence[str],
    *,
    stdin: bytes | pathlib.Path = b"",
    timeout: float | None = None,
) -> bytes:
    """Runs a program of this machine and returns what it printed.

    Raises:
      BurstError: it failed, with the end of what it said.
    """
    code, out, err = attempt(words, stdin=stdin, timeout=timeout)
    if code:
        end = " ".join(err.decode(errors="replace").split())[-300:]
        raise BurstError(f"{words[0]} ended with {code}: {end or 'it said nothing'}.")
    return out


def attempt(
    words: Sequence[str],
    *,
    stdin: bytes | pathlib.Path = b"",
    timeout: float | None = None,
) -> tuple[int, bytes, bytes]:
    """Runs a program; its exit code, what it printed, and what it said on stderr.

    One that takes longer than `timeout` seconds is killed and counts as `LOST`.
    """
    run = functools.partial(
        subprocess.run,
        list(words),
        capture_output=True,
        env=environment(),
        timeout=timeout,
    )
    try:
        if isinstance(stdin, pathlib.Path):
            with stdin.open("rb") as file:
                done = run(stdin=file)
        else:
            done = run(input=stdin)
    except subprocess.TimeoutExpired:
        return LOST, b"", f"not done after {timeout:.0f} seconds".encode()
    return done.returncode, done.stdout, done.stderr
