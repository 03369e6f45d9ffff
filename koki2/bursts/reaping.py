"""Finds pods that no burst looks after, and deletes them.

A pod is ours if it is called after a lease. One whose lease is here goes if no process
holds that lease, or its deadline is over. One whose lease is elsewhere, as on another
machine, goes once the deadline in its name is over. No other pod is touched.
"""

import pathlib
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from koki2 import runlog
from koki2.bursts import lease as leases, teardown
from koki2.bursts.api import GONE, Pod, RunPod
from koki2.bursts.configs import Pace
from koki2.bursts.errors import BurstError
from koki2.bursts.lease import Lease

_GRACE = 600  # seconds behind the deadline in which a burst deletes its pod itself

HELD, ORPHAN, OVERDUE, ELSEWHERE = "held", "orphan", "overdue", "elsewhere"


class Burst(NamedTuple):
    """A lease that is open, or a pod of ours, or both."""

    name: str
    state: str
    """held by a process here; orphan: by none; overdue; or elsewhere, with no lease
    here."""
    deadline: int
    folder: pathlib.Path | None = None
    """None if it has no lease here."""
    lease: Lease | None = None
    pod: Pod | None = None
    """None if RunPod has no such pod."""


def bursts(
    api: RunPod, root: pathlib.Path, say: Callable[[str], object]
) -> list[Burst]:
    """All bursts that may cost money, the oldest first.

    Args:
      api: leases of another server are left out.
      root: where the folders of bursts are.
      say: tells people of leases that cannot be read, which are passed over: their pods
        go by the deadline in their names.

    Raises:
      BurstError: RunPod does not say which pods there are.
    """
    pods = [pod for pod in api.pods() if pod.status != GONE]
    listed = [*_of_leases(api, root, {pod.name: pod for pod in pods}, say)]
    known = {burst.name for burst in listed}
    for pod in pods:
        deadline = leases.deadline_of(pod.name)
        if pod.name not in known and deadline is not None:
            state = OVERDUE if time.time() > deadline else ELSEWHERE
            listed.append(Burst(pod.name, state, deadline, pod=pod))
    return listed


def reap(
    api: RunPod,
    root: pathlib.Path,
    pace: Pace,
    say: Callable[[str], object],
    *,
    elsewhere: bool = False,
) -> list[Burst]:
    """Deletes the pods that no burst looks after, and returns them.

    Args:
      api: of the account.
      root: where the folders of bursts are.
      pace: how long to wait for what.
      say: tells people what is done.
      elsewhere: delete also pods of ours without a lease here that are not overdue.

    Raises:
      BurstError: one may still be there; the others were tried nevertheless.
    """
    done: list[Burst] = []
    problems: list[str] = []
    for burst in bursts(api, root, say):
        if burst.state == HELD or (burst.state == ELSEWHERE and not elsewhere):
            if burst.state == ELSEWHERE:
                say(f"{burst.name} has no lease here and is not overdue: left alone")
            continue
        try:
            if burst.lease is not None and burst.folder is not None:
                settle = _settle(burst.lease, pace)
                teardown.release(api, burst.folder, burst.lease, pace, settle=settle)
            elif burst.pod is not None:
                teardown.delete_overdue(api, burst.pod.id, pace)
        except BurstError as error:
            problems.append(str(error))
            continue
        if burst.pod is not None:
            say(f"deleted {burst.state} pod {burst.pod.id} ({burst.name})")
            done.append(burst)
    if problems:
        raise BurstError("\n".join(problems))
    return done


def _settle(lease: Lease, pace: Pace) -> float:
    """Seconds until its pod shows, where its process was killed as it asked for one."""
    if lease.pod is not None:
        return 0.0
    age = time.time() - lease.created
    return min(pace.settle, max(0.0, pace.request + pace.settle - age))


def _of_leases(
    api: RunPod,
    root: pathlib.Path,
    pods: dict[str, Pod],
    say: Callable[[str], object],
) -> Iterator[Burst]:
    for folder in leases.folders(root):
        try:
            lease, holder = leases.read(folder), leases.holder(folder)
        except FileNotFoundError:
            continue  # its burst has just ended, before it asked for a pod
        except (runlog.BrokenRunError, OSError) as error:
            say(str(error))
            continue
        pod = pods.get(lease.name)
        if lease.url != api.url or (lease.closed is not None and pod is None):
            continue
        state = ORPHAN
        if time.time() > lease.deadline + _GRACE:
            state = OVERDUE
        elif holder is not None:
            state = HELD
        yield Burst(lease.name, state, lease.deadline, folder, lease, pod)
