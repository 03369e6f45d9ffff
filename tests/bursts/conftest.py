"""A fake RunPod, a small checkout, and the stand-ins for ssh and rsync on PATH."""

import os
import pathlib
import shutil
import subprocess
import sys

import pytest
from fake_runpod import FakeRunPod
from renting import HERE, QUICK, variables

from koki2.bursts import reap, RunPod


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
    (root / "requirements" / "broken.lock").write_text("none==1\n")
    (root / "work.sh").write_text(
        "mkdir -p runs/deep && echo 7 >runs/result && echo x >'runs/deep/a b'\n"
        "echo said; echo warned >&2\n"
    )
    (root / "tools").mkdir()
    wrapper = pathlib.Path("tools", "runpod_burst_bench.sh")
    shutil.copy(HERE.parents[1] / wrapper, root / wrapper)
    (root / ".gitignore").write_text("/runs/\n")
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", "-C", str(root)]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "First"]):
        subprocess.run([*git, *words], check=True)
    return root


@pytest.fixture
def fake(server, small_checkout, monkeypatch):
    """The fake, with no pods and no faults; the working directory is the checkout."""
    server.reset()
    shutil.rmtree(small_checkout / "runs", ignore_errors=True)
    for name, value in variables(server.url, server.root).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(small_checkout)
    yield server
    server.reset()


@pytest.fixture
def reaped(fake, small_checkout):
    """Reaps once, and says which pods that deleted."""

    def call(pace=QUICK, **more):
        with RunPod(pace) as api:
            root = small_checkout / "runs" / "runpod_burst"
            done = reap(api, root, pace, lambda text: None, **more)
        return [burst.pod.id for burst in done]

    return call


@pytest.fixture(scope="session")
def client(server, small_checkout):
    """Bursts in a process that is killed at a step; returns its exit code."""
    path = f"{HERE.parents[1]}{os.pathsep}{HERE}"
    variables_ = variables(server.url, server.root) | {"PYTHONPATH": path}
    process = subprocess.Popen(
        [sys.executable, str(HERE / "killed_client.py")],
        env=os.environ | variables_,
        cwd=small_checkout,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    yield process
    process.kill()
    process.communicate()
