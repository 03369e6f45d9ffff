"""What a burst will do and cost, before any of it is done: price, steps, commands."""

import difflib
import os
import pathlib
import shlex
from collections.abc import Mapping
from typing import Any, NamedTuple

from koki2 import runlog
from koki2.bursts import retrieval, shell
from koki2.bursts.api import Endpoint, KEY, OFFICIAL, Price, RunPod
from koki2.bursts.configs import BurstConfig, Pace
from koki2.bursts.errors import BurstError
from koki2.runlog import jsontext

STEPS: Mapping[str, str] = {
    "reap": "delete pods of earlier bursts that no process looks after",
    "price": "ask the catalog for price and stock; refuse what may cost more than "
    "--max-usd",
    "source": "archive the commit, with its lock file",
    "lease": "write the lease (name, deadline, cap) to disk, fsynced",
    "create": "ask once for a pod of that name; if no answer comes, look for the name",
    "wait": "until it runs and its port 22 is published; its cost is checked again",
    "reach": "until its sshd answers",
    "guard": "start the watchdog on the pod, which deletes it at the deadline",
    "upload": "send the archive and check its SHA-256 there",
    "prepare": "unpack it, and install the packages of the lock file",
    "run": "run the command; what it prints is brought here as it runs",
    "fetch": "stop what still runs, bring back what --fetch names, check every SHA-256",
    "delete": "delete the pod, and ask until it is gone; this follows whatever fails",
    "record": "write manifest.txt",
}
"""The steps of a burst in their order, and what each does."""
STATE = (  # a dead process is Z where the first process of a container reaps none
    f"cd {shell.HERE} || exit 1; "
    "stat=$(sed 's/.*) //' \"/proc/$(cat job.pid)/stat\" 2>/dev/null); "
    "if [ -e exit_code ]; then cat exit_code; "
    'else case $stat in "" | Z*) echo lost ;; *) echo running ;; esac; fi'
)
"""Says how the command ended: its exit code, running, or lost."""
STOP = (  # no -- before the group: dash knows none there
    f'cd {shell.HERE} && exec 2>/dev/null && group="-$(cat job.pid)"; '
    '[ -e exit_code ] || { kill -TERM "$group" && sleep 2; }; '
    'kill -KILL "$group"; true'
)
"""Stops all of the command that still runs: asked first, if it has not ended itself."""
NAME = "koki2-burst-DEADLINE-UUID"
"""Of a pod, as plans show it."""
SILENT = ">/dev/null 2>&1 </dev/null"


class Step(NamedTuple):
    """A step of a plan."""

    name: str
    what: str
    commands: list[str]


def check_given(config: BurstConfig, pace: Pace) -> None:
    """Raises InputError unless a config says which GPU, which image, and a time that
    leaves some for fetching and deleting; and where the API key is among its words."""
    for flag, value in (("--gpu-type", config.gpu_type), ("--image", config.image)):
        if not value:
            raise runlog.InputError(f"{flag} must be given for a burst.")
    if config.hours * 3600 <= pace.reserve:
        raise runlog.InputError(
            f"--hours must be more than {pace.reserve / 3600:g}, which fetching and "
            f"deleting may take, got {config.hours:g}."
        )
    key = os.environ.get(KEY)
    words = (config.gpu_type, config.image, *config.fetch, *config.words)
    if key and any(key in word for word in words):
        raise runlog.InputError(
            f"the words of a burst must not have {KEY} in them, for they go to RunPod, "
            "to the pod and into manifest.txt."
        )


def find_price(api: RunPod, config: BurstConfig) -> Price:
    """What a GPU of the config costs.

    Raises:
      InputError: there is no such GPU, not so many of them, or it would cost too much.
      BurstError: none is free.
    """
    prices = api.prices(config.gpu_count, config.cloud)
    price = prices.get(config.gpu_type)
    if price is None:
        near = difflib.get_close_matches(config.gpu_type, prices, n=3, cutoff=0.4)
        hint = f"; did you mean {' or '.join(near)}?" if near else "."
        raise runlog.InputError(
            f"--gpu-type must be of RunPod's {config.cloud} cloud, got "
            f"{config.gpu_type}{hint}"
        )
    if config.gpu_count > price.most:
        raise runlog.InputError(
            f"--gpu-count must be at most {price.most} for {config.gpu_type}, got "
            f"{config.gpu_count}."
        )
    check_cost(config, price.usd_per_hour * config.gpu_count)
    if price.stock == "NONE":
        raise BurstError(f"no {config.gpu_type} is free in the {config.cloud} cloud.")
    return price


def check_cost(config: BurstConfig, usd_per_hour: float) -> None:
    """Raises InputError where a burst at this price may cost more than it may.

    Example:
      >>> check_cost(BurstConfig(hours=2.0, max_usd=1.0), 0.6)
      Traceback (most recent call last):
      koki2.runlog.errors.InputError: 2 h at $0.6 an hour must cost at most ...
    """
    usd = usd_per_hour * config.hours
    if not usd <= config.max_usd:
        raise runlog.InputError(
            f"{config.hours:g} h at ${usd_per_hour:.4g} an hour must cost at most "
            f"--max-usd {config.max_usd:g}, got ${usd:.4g}; raise it or take less."
        )


def create_body(config: BurstConfig, name: str, public_key: str) -> dict[str, Any]:
    """What RunPod is asked for. No secret is among it.

    Args:
      config: with GPU and image.
      name: of the pod.
      public_key: of the ssh key pair of this burst.

    Example:
      >>> config = BurstConfig(gpu_type="NVIDIA L4", image="a/b:1", min_cuda=None)
      >>> body = create_body(config, "mine", "ssh-ed25519 AAAA")
      >>> body["gpu"], body["cloud"], body["env"]
      ({'id': 'NVIDIA L4', 'count': 1}, 'SECURE', {'PUBLIC_KEY': 'ssh-ed25519 AAAA'})
    """
    gpu: dict[str, Any] = {"id": config.gpu_type, "count": config.gpu_count}
    if config.min_cuda is not None:
        gpu["minCudaVersion"] = config.min_cuda
    return {
        "name": name,
        "image": config.image,
        "gpu": gpu,
        "cloud": config.cloud.upper(),
        "disk": config.disk,
        "ports": ["22/tcp"],
        "env": {"PUBLIC_KEY": public_key},
        "startSsh": True,
    }


def guard_command(seconds: int, url: str) -> str:
    """Takes the watchdog on stdin, starts it on the pod, and prints what it says."""
    return (
        f"mkdir -p {shell.HERE} && cd {shell.HERE} && cat >watchdog.sh && "
        f"{{ setsid nohup sh watchdog.sh {seconds} {shlex.quote(url)} "
        ">watchdog.log 2>&1 </dev/null & }; i=0; while [ ! -s watchdog.log ] && "
        "[ $i -lt 100 ]; do sleep 0.1; i=$((i+1)); done; cat watchdog.log"
    )


def upload_command() -> str:
    """Takes the bundle on stdin and checks what is in it."""
    return f"cd {shell.HERE} && tar -xf - && sha256sum -c SHA256SUMS >/dev/null"


def prepare_command(config: BurstConfig) -> str:
    """Unpacks the source and installs what it needs; a failure shows its last lines."""
    lock = "" if config.lock is None else f" {shlex.quote(str(config.lock))}"
    return (
        f"cd {shell.HERE} && {{ sh prepare.sh{lock} >prepare.log 2>&1 </dev/null || "
        "{ code=$?; tail -c 2000 prepare.log >&2; exit $code; }; }"
    )


def run_command(config: BurstConfig) -> str:
    """Starts the command in a session of its own, which outlives this connection.

    Example:
      >>> run_command(BurstConfig(command=("ls", "a b")))[:63]
      "cd koki2-burst && { setsid nohup sh job.sh ls 'a b' >/dev/null "
    """
    words = shlex.join(config.words)
    return (
        f"cd {shell.HERE} && {{ setsid nohup sh job.sh {words} {SILENT} & "
        "echo $! >job.pid; }"
    )


def steps(config: BurstConfig, folder: pathlib.Path) -> list[Step]:
    """The steps of a burst, with the commands and requests that each consists of.

    Args:
      config: what is asked for.
      folder: of the burst, as it would be called.
    """
    endpoint = Endpoint("HOST", 22, "root")
    ssh = lambda command: shlex.join(shell.on_pod(folder, endpoint, command))
    into = folder / retrieval.FETCHED
    paths = [f"src/./{path}" for path in config.fetch]
    rsync = shlex.join(shell.from_pod(folder, endpoint, paths, into))
    logs = shlex.join(retrieval.logs_words(folder, endpoint))
    body = create_body(config, NAME, "PUBLIC_KEY")
    text = jsontext.encode(body, where="the request").decode()
    pods = f"{OFFICIAL}/v2/pods"
    commands = {
        "reap": [f"GET {pods}"],
        "price": [f"GET {OFFICIAL}/v2/catalog/gpus"],
        "source": ["git archive --format=tar.gz COMMIT"],
        "create": [shlex.join(shell.key_words(folder, NAME)), f"POST {pods} {text}"],
        "wait": [f"GET {pods}/ID"],
        "reach": [ssh("true")],
        "guard": [ssh(guard_command(round(config.hours * 3600), OFFICIAL))],
        "upload": [ssh(upload_command())],
        "prepare": [ssh(prepare_command(config))],
        "run": [ssh(run_command(config)), ssh(STATE), logs],
        "fetch": [ssh(STOP), logs]
        + ([ssh(retrieval.sums_command(config.fetch)), rsync] if paths else []),
        "delete": [f"DELETE {pods}/ID", f"GET {pods}/ID"],
    }
    return [Step(name, what, commands.get(name, [])) for name, what in STEPS.items()]
