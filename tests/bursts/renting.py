"""How tests rent from the fake: variables, bursts of a small command, quick looks."""

import os
import pathlib
import sys

from fake_runpod import KEY

from koki2.bursts import BurstConfig, Pace

HERE = pathlib.Path(__file__).parent
GPU = "NVIDIA GeForce RTX 3090"
QUICK = Pace(
    poll=0.02,
    job=0.05,
    request=5.0,
    backoff=0.01,
    longest_wait=0.2,
    tries=4,
    start=20.0,
    settle=0.1,
    silence=2.0,
    prepare=20.0,
    reserve=1.0,
    gone=5.0,
)
"""Times in seconds, for a fake on this machine."""


def variables(url: str, pods: pathlib.Path) -> dict[str, str]:
    """What leads a client to a fake RunPod and its pods."""
    return {
        "RUNPOD_API_KEY": KEY,
        "KOKI2_RUNPOD_URL": url,
        "FAKE_PODS": str(pods),
        "FAKE_NEAR": str(HERE / "near"),
        "FAKE_IMAGE": str(HERE / "image"),
        "FAKE_PYTHON": sys.executable,
        "PATH": f"{HERE / 'near'}{os.pathsep}{os.environ['PATH']}",
    }


def config(*command: str, **more) -> BurstConfig:
    """A burst on the fake."""
    given = {
        "gpu_type": GPU,
        "image": "runpod/pytorch:2.1.0",
        "fetch": ("runs",),
        "command": command or ("sh", "work.sh"),
    }
    return BurstConfig(**given | more)
