"""The end of a pod: deleted, and seen to be gone, by its lease and by its name.

Only a pod that is called after the lease is ever deleted.
"""

import dataclasses
import pathlib
import time

from koki2.bursts import lease as leases, shell
from koki2.bursts.api import GONE, RunPod
from koki2.bursts.configs import Pace
from koki2.bursts.errors import BurstError, UnansweredError
from koki2.bursts.lease import Lease

CONSOLE = "https://console.runpod.io/pods"


def release(
    api: RunPod, folder: pathlib.Path, lease: Lease, pace: Pace, *, settle: float = 0.0
) -> Lease:
    """Deletes every pod of a lease, and closes the lease when they are gone.

    Args:
      api: of the server that was asked for the pod.
      folder: of the burst; its ssh key goes, too.
      lease: what it holds.
      pace: how long to wait for what.
      settle: seconds until a pod shows of whose creation no answer came.

    Returns:
      The lease as it now is on disk.

    Raises:
      BurstError: a pod may still be there.
    """
    began, end = time.monotonic(), time.monotonic() + pace.gone
    problem = "it is still there"
    while True:
        try:
            left = _pods(api, lease)
            for pod_id in left:
                api.delete(pod_id)
            if not left and time.monotonic() - began >= settle:
                return _close(folder, lease)
            problem = "it is still there"
        except BurstError as error:
            problem = str(error)
        if time.monotonic() >= end:
            raise BurstError(
                f"pod {lease.pod or lease.name} must be gone, and may still cost money "
                f"({problem.rstrip('.')}); koki2 burst reap, or delete it at {CONSOLE}"
            )
        time.sleep(pace.poll)


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


def _pods(api: RunPod, lease: Lease) -> list[str]:
    """The ids of the pods that are called after a lease and not gone."""
    known = None if lease.pod is None else api.pod(lease.pod)
    try:
        found = api.pods()
    except UnansweredError:
        if lease.pod is None:
            raise
        found = []  # its id is enough
    of_lease = {pod.id: pod for pod in (*found, *([known] if known else []))}
    return [
        pod.id
        for pod in of_lease.values()
        if pod.name == lease.name and pod.status != GONE
    ]


def _close(folder: pathlib.Path, lease: Lease) -> Lease:
    shell.remove_key(folder)
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    why = "deleted" if lease.pod is not None else "none found"
    lease = dataclasses.replace(lease, closed=f"{why}, seen to be gone at {stamp}")
    leases.write(folder, lease)
    return lease
