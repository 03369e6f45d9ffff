"""A pod on its way: asked for once, waited for, reached, and put under its watchdog.

Times in seconds.
"""

import contextlib
import dataclasses
import pathlib
import time
from collections.abc import Callable

from koki2.bursts import lease as leases, planning, shell, source as sources
from koki2.bursts.api import Endpoint, Pod, RunPod, STOPPED
from koki2.bursts.configs import BurstConfig, Pace
from koki2.bursts.errors import BurstError, UnansweredError
from koki2.bursts.lease import Lease
from koki2.bursts.source import Source

Say = Callable[[str], object]


@dataclasses.dataclass(kw_only=True)
class Rental:
    """A burst under way: what it is, and what is known of its pod."""

    config: BurstConfig
    pace: Pace
    api: RunPod
    folder: pathlib.Path
    source: Source
    lease: Lease
    facts: dict[str, object]
    """For the manifest, in its order."""
    step: Say
    say: Say
    ends: float
    """The deadline on the clock of `time.monotonic`, which is never set back."""
    settle: float = 0.0
    """How long a pod may take to show; 0 where it has, or where there is none."""
    began: float | None = None
    """When the pod was asked for, on the clock of `time.time`."""
    usd_per_hour: float = 0.0
    """What the pod costs: as the catalog says, and then as RunPod says of the pod."""

    @property
    def left(self) -> float:
        """Until the deadline, by the clock on which it is earlier.

        `time.time` may be set back, and `time.monotonic` stands while a laptop sleeps.
        Never nothing, so that it can be waited for.
        """
        by_clock = self.lease.deadline - time.time()
        return max(1.0, min(by_clock, self.ends - time.monotonic()))


def create(rental: Rental) -> Pod:
    """Asks for the pod once; if no answer comes, looks for its name."""
    public = shell.make_key(rental.folder, rental.lease.name)
    body = planning.create_body(rental.config, rental.lease.name, public)
    rental.began, rental.settle = time.time(), rental.pace.settle
    try:
        pod = rental.api.create(body)
    except UnansweredError as error:
        rental.facts["create"] = error
        rental.say(f"{error} Looking for the pod by its name")
        pod = _find(rental)
        if pod is None:
            raise
        rental.settle = 0.0
    except BurstError:  # refused, so there is none
        rental.settle = 0.0
        raise
    rental.lease = dataclasses.replace(rental.lease, pod=pod.id)
    leases.write(rental.folder, rental.lease)
    rental.facts["pod"] = pod.id
    _check_cost(rental, pod)
    return pod


def _find(rental: Rental) -> Pod | None:
    end = time.monotonic() + rental.pace.settle
    while True:
        with contextlib.suppress(UnansweredError):
            for pod in rental.api.pods():
                if pod.name == rental.lease.name:
                    return pod
        if time.monotonic() >= end:
            return None
        time.sleep(rental.pace.poll)


def _check_cost(rental: Rental, pod: Pod) -> None:
    if pod.cost:  # 0 while it is not running
        rental.usd_per_hour = pod.cost
        rental.facts["cost"] = f"${pod.cost:.4g} an hour"
        planning.check_cost(rental.config, pod.cost)


def wait(rental: Rental, pod_id: str) -> Endpoint:
    """Waits until the pod shows, runs, and its port 22 is published."""
    began = time.monotonic()
    while True:
        pod, waited = rental.api.pod(pod_id), time.monotonic() - began
        if pod is None and waited < rental.settle:
            time.sleep(rental.pace.poll)
            continue
        status = "no such pod" if pod is None else pod.status
        if pod is None or status in STOPPED:
            raise BurstError(f"pod {pod_id} must start, got {status}.")
        rental.settle = 0.0
        _check_cost(rental, pod)
        if status == "RUNNING" and pod.endpoint is not None:
            return pod.endpoint
        if waited >= rental.pace.start:
            port = "its port 22 published" if pod.endpoint else "no port 22 published"
            raise BurstError(
                f"pod {pod_id} must run with its port 22 published within "
                f"{rental.pace.start:g} seconds, got {status} with {port}."
            )
        time.sleep(rental.pace.poll)


def reach(rental: Rental, endpoint: Endpoint) -> None:
    """Waits until the sshd of the pod answers."""
    end = time.monotonic() + rental.pace.silence
    words = shell.on_pod(rental.folder, endpoint, "true")
    while True:
        code, _, stderr = shell.attempt(words, timeout=shell.CALL)
        if code == 0:
            return
        if time.monotonic() >= end:
            last = " ".join(stderr.decode(errors="replace").split())[-200:]
            raise BurstError(
                f"the pod's sshd must answer within {rental.pace.silence:g} seconds, "
                f"got {last or code}."
            )
        time.sleep(rental.pace.poll)


def guard(rental: Rental, endpoint: Endpoint) -> None:
    """Starts the watchdog; a pod on which it has no key is used, and that is said."""
    command = planning.guard_command(round(rental.left), rental.api.url)
    words = shell.on_pod(rental.folder, endpoint, command)
    printed = shell.call(words, stdin=sources.script("watchdog.sh"), timeout=shell.CALL)
    text = printed.decode(errors="replace").strip()
    rental.facts["watchdog"] = text
    if text != "waiting":
        rental.say(f"the watchdog does not run: {text}")
