"""Leases: what says, before there is a pod, that there may be one, and until when.

A lease is a file in the burst's folder, on disk before RunPod is asked for a pod, and
open until the pod is known to be gone. A pod is called after its lease, with the
deadline in its name, so that the list of all pods also says which are ours and overdue.
Times in seconds since 1970.
"""

import dataclasses
import pathlib
import re
import time
import uuid
from typing import Any

from koki2 import runlog
from koki2.runlog import atomic, jsontext, lock, opening

FILE = "lease.json"
_NAME = re.compile(r"koki2-burst-(\d{10})-[0-9a-f]{32}")
_MOST_BYTES = 2**16
_TYPES = {
    "name": str,
    "url": str,
    "deadline": int,
    "max_usd": float,
    "created": int,
    "pod": str | None,
    "closed": str | None,
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Lease:
    """The right to one pod until a deadline.

    Example:
      >>> lease = make(hours=1.0, max_usd=2.0, url="https://api.runpod.io")
      >>> deadline_of(lease.name) == lease.deadline, deadline_of("my-pod")
      (True, None)
    """

    name: str
    """Of the pod, and of no other."""
    url: str
    """The server that was asked for it."""
    deadline: int
    max_usd: float
    created: int
    pod: str | None = None
    """Its id, once known."""
    closed: str | None = None
    """Why there is no pod any more; None while there may be one."""


def make(*, hours: float, max_usd: float, url: str) -> Lease:
    """A lease that begins now."""
    now = int(time.time())
    deadline = now + round(hours * 3600)
    return Lease(
        name=f"koki2-burst-{deadline:010d}-{uuid.uuid4().hex}",
        url=url,
        deadline=deadline,
        max_usd=float(max_usd),
        created=now,
    )


def deadline_of(name: str) -> int | None:
    """The deadline in the name of a pod of ours; None for a pod of somebody else."""
    match = _NAME.fullmatch(name)
    return int(match[1]) if match else None


def write(folder: pathlib.Path, lease: Lease) -> None:
    """Puts a lease on disk: fsynced, with its name in the folder, when this returns."""
    atomic.write_json(folder / FILE, dataclasses.asdict(lease))


def read(folder: pathlib.Path) -> Lease:
    """Reads the lease of a burst's folder.

    Raises:
      BrokenRunError: it is not what koki2 wrote there.
    """
    path = folder / FILE
    values = jsontext.decode(
        opening.read_bytes(path, limit=_MOST_BYTES), where=str(path)
    )
    if (
        not isinstance(values, dict)
        or set(values) != set(_TYPES)
        or not all(isinstance(values[name], kind) for name, kind in _TYPES.items())
        or deadline_of(values["name"]) != values["deadline"]
    ):
        raise runlog.BrokenRunError(
            f"{path} must be a lease of koki2 burst, got something else; look for its "
            "pod in RunPod's console, then remove the file."
        )
    known: dict[str, Any] = values
    return Lease(**known)


def folders(root: pathlib.Path) -> list[pathlib.Path]:
    """The folders of bursts that have a lease, oldest first."""
    return sorted(path.parent for path in root.glob(f"*/{FILE}"))


def holder(folder: pathlib.Path) -> str | None:
    """Which process runs the burst of a folder, in words; None if none does."""
    return lock.holder(folder)
