"""The end of a pod: deleted, and seen to be gone, by its id and by its name.

A pod is deleted if it is called after the lease, or if RunPod gave it to this process;
what a lease on disk says is its id is not enough.
"""

import dataclasses
import pathlib
import time
from collections.abc import Collection

from koki2.bursts import lease as leases, shell
from koki2.bursts.api import GONE, Pod, RunPod
from koki2.bursts.configs import Pace
from koki2.bursts.errors import BurstError
from koki2.bursts.lease import Lease

CONSOLE = "https://console.runpod.io/pods"


def release(
    api: RunPod,
    folder: pathlib.Path,
    lease: Lease,
    pace: Pace,
    *,
    settle: float = 0.0,
    own: str | None = None,
) -> Lease:
    """Deletes every pod of a lease, and closes the lease when they are gone.

    Args:
      api: of the server that was asked for the pod.
      folder: of the burst; its ssh key goes, too.
      lease: what it holds.
      pace: how long to wait for what.
      settle: seconds until a pod shows that no list has shown yet.
      own: the id of a pod that RunPod gave to this process. It is deleted first, and
        also if RunPod does not say what it is called.

    Returns:
      The lease as it now is on disk.

    Raises:
      BurstError: a pod may still be there.
    """
    began = time.monotonic()
    left, doubt = _find(api, lease, own) if own is None else ({own}, None)
    while True:
        refusal = None
        if left:
            has_shown, refusal = _delete(api, left)
            settle = 0.0 if has_shown else settle
            left, doubt = _find(api, lease, own)
        waited = time.monotonic() - began
        if not left and doubt is None and waited >= settle:
            return _close(folder, lease)
        if waited >= pace.gone:
            problem = str(doubt or refusal or "it is still there").rstrip(".")
            raise BurstError(
                f"pod {lease.pod or lease.name} must be gone, and may still cost money "
                f"({problem}); koki2 burst reap, or delete it at {CONSOLE}"
            )
        time.sleep(pace.poll)
        if not left:
            left, doubt = _find(api, lease, own)


def delete_overdue(api: RunPod, pod_id: str, pace: Pace) -> None:
    """Deletes a pod of ours that has no lease here. Raises as `release` does."""
    end = time.monotonic() + pace.gone
    while True:
        api.delete(pod_id)
        pod = api.pod(pod_id)
        if pod is None or pod.status == GONE:
            return
        if time.monotonic() >= end:
            raise BurstError(f"pod {pod_id} must be gone by now, and is not.")
        time.sleep(pace.poll)


def _delete(api: RunPod, pods: Collection[str]) -> tuple[bool, BurstError | None]:
    """Deletes pods, and says whether one of them was there, and what was refused."""
    was_there, refusal = False, None
    for pod_id in pods:
        try:
            was_there |= api.delete(pod_id)
        except BurstError as error:  # the others are tried nevertheless
            refusal = error
    return was_there, refusal


def _find(
    api: RunPod, lease: Lease, own: str | None
) -> tuple[set[str], BurstError | None]:
    """The pods of a lease that are not gone, and why there may be more of them."""
    pods: list[Pod] = []
    doubt: BurstError | None = None
    if lease.pod is not None:
        try:
            pods += filter(None, [api.pod(lease.pod)])
        except BurstError as error:
            doubt = error
    try:
        pods += api.pods()
    except BurstError as error:
        if lease.pod is None:  # else its id is enough
            doubt = error
    ids = {
        pod.id
        for pod in pods
        if pod.status != GONE and (pod.name == lease.name or pod.id == own)
    }
    return ids | ({own} if own and doubt else set()), doubt


def _close(folder: pathlib.Path, lease: Lease) -> Lease:
    shell.remove_key(folder)
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    why = "deleted" if lease.pod is not None else "none found"
    lease = dataclasses.replace(lease, closed=f"{why}, seen to be gone at {stamp}")
    leases.write(folder, lease)
    return lease
