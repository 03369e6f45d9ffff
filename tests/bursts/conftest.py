"""A fake RunPod, a small checkout, and the stand-ins for ssh and rsync on PATH."""

import os
import pathlib
import shutil
import subprocess
import sys

import pytest
from fake_runpod import FakeRunPod, KEY

from koki2.bursts import BurstConfig, Pace

HERE = pathlib.Path(__file__).parent
QUICK = Pace(
    poll=0.02,
    job=0.05,
    request=5.0,
    backoff=0.01,
    longest_wait=0.2,
    start=5.0,
    settle=0.3,
    silence=1.0,
    prepare=20.0,
    reserve=1.0,
    gone=2.0,
)
"""Times in seconds, for a fake on this machine."""


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    with FakeRunPod(tmp_path_factory.mktemp("pods")).start() as fake:
        yield fake


@pytest.fixture(scope="session")
def small_checkout(tmp_path_factory):
    """A git checkout with a lock file, and a command that leaves results."""
    root = tmp_path_factory.mktemp("checkout")
    (root / "requirements").mkdir()
    (root / "requirements" / "cuda13.lock").write_text("jax==0.11.2\n")
    (root / "work.sh").write_text(
        "mkdir -p runs/deep && echo 7 >runs/result && echo x >'runs/deep/a b'\n"
        "echo said; echo warned >&2\n"
    )
    (root / ".gitignore").write_text("/runs/\n")
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", "-C", str(root)]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "First"]):
        subprocess.run([*git, *words], check=True)
    return root


def variables(fake: FakeRunPod) -> dict[str, str]:
    """What leads a client to a fake RunPod and its pods."""
    return {
        "RUNPOD_API_KEY": KEY,
        "KOKI2_RUNPOD_URL": fake.url,
        "FAKE_PODS": str(fake.root),
        "FAKE_NEAR": str(HERE / "near"),
        "FAKE_IMAGE": str(HERE / "image"),
        "FAKE_PYTHON": sys.executable,
        "PATH": f"{HERE / 'near'}{os.pathsep}{os.environ['PATH']}",
    }


@pytest.fixture
def fake(server, small_checkout, tmp_path, monkeypatch):
    """The fake, with no pods and no faults; the working directory is the checkout."""
    server.reset()
    shutil.rmtree(small_checkout / "runs", ignore_errors=True)
    for name, value in variables(server).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(small_checkout)
    return server


def config(*command: str, **more) -> BurstConfig:
    """A burst on the fake."""
    given = {
        "gpu_type": "NVIDIA GeForce RTX 3090",
        "image": "runpod/pytorch:2.1.0",
        "fetch": ("runs",),
        "command": command or ("sh", "work.sh"),
    }
    return BurstConfig(**given | more)
