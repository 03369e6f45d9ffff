"""The command on a pod: started, looked at until it ends, stopped where time is over.

It runs in a session of its own on the pod, so that a connection may break and come
back. Times in seconds.
"""

import pathlib
import time

from koki2.bursts import planning, retrieval, shell
from koki2.bursts.api import Endpoint, RunPod, STOPPED
from koki2.bursts.configs import BurstConfig
from koki2.bursts.errors import BurstError, UnansweredError
from koki2.bursts.rental import Rental

RUNNING, LOST = "running", "lost"


def start(config: BurstConfig, folder: pathlib.Path, endpoint: Endpoint) -> None:
    """Starts the command. Raises BurstError where that fails."""
    command = planning.run_command(config)
    shell.call(shell.on_pod(folder, endpoint, command), timeout=shell.CALL)


def wait(rental: Rental, pod_id: str, endpoint: Endpoint) -> str:
    """Waits for the command to end, and brings what it prints here as it does.

    Args:
      rental: the burst, which says for how long, and how often to look.
      pod_id: the pod; the API says whether it still runs, where ssh does not.
      endpoint: of the pod.

    Returns:
      Its exit code; `LOST` if it was killed with what would say that; `RUNNING` if the
      rest of the time is for fetching.

    Raises:
      BurstError: the pod died, or cannot be reached.
    """
    folder, pace = rental.folder, rental.pace
    heard = time.monotonic()
    while True:
        state = _look(folder, endpoint)
        retrieval.bring_logs(folder, endpoint, shell.CALL)
        if state is None:
            _check_pod(rental.api, pod_id)
            silence = time.monotonic() - heard
            if silence > pace.silence:
                raise BurstError(
                    f"pod {pod_id} must answer ssh, got silence for {silence:.0f} s."
                )
        elif state != RUNNING:
            return state
        else:
            heard = time.monotonic()
        left = rental.left - pace.reserve
        if left <= 0:
            return RUNNING
        time.sleep(min(pace.job, left))


def stop(folder: pathlib.Path, endpoint: Endpoint) -> None:
    """Stops all of the command that still runs: asked first, then killed.

    What it left running, once it has ended itself, is killed at once.
    """
    shell.attempt(shell.on_pod(folder, endpoint, planning.STOP), timeout=shell.CALL)


def _look(folder: pathlib.Path, endpoint: Endpoint) -> str | None:
    """What the pod says of the command; None if it does not answer."""
    words = shell.on_pod(folder, endpoint, planning.STATE)
    code, out, _ = shell.attempt(words, timeout=shell.CALL)
    text = out.decode(errors="replace").strip()
    known = text.isdecimal() or text in (RUNNING, LOST)
    return text if code == 0 and known else None


def _check_pod(api: RunPod, pod_id: str) -> None:
    try:
        pod = api.pod(pod_id)
    except UnansweredError:
        return  # neither answers: perhaps it is the network here
    status = "no such pod" if pod is None else pod.status
    if pod is None or status in STOPPED:
        raise BurstError(f"pod {pod_id} must run until the command ends, got {status}.")
