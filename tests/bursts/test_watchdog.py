"""What deletes a pod when the client is gone: tools of the pod alone."""

import os
import pathlib
import signal
import subprocess
import time

import pytest
from renting import HERE

from koki2.bursts import source


def start(folder, pod, url, *, seconds=0, **variables):
    script = folder / "watchdog.sh"
    script.write_bytes(source.script("watchdog.sh"))
    named = {"RUNPOD_POD_ID": pod.id, "RUNPOD_API_KEY": pod.key}
    tools = {"PATH": f"{HERE / 'image'}:/usr/bin:/bin", "FAKE_LOG": f"{folder}/log"}
    return subprocess.Popen(
        ["sh", str(script), str(seconds), url],
        env=tools | named | variables,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_at_the_deadline_it_deletes_its_pod_with_the_key_of_that_pod(fake, tmp_path):
    pod, other = fake.foreign(), fake.foreign()
    process = start(tmp_path, pod, fake.url)
    deadline = time.monotonic() + 20
    while pod.id in fake.pods and time.monotonic() < deadline:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    assert process.communicate()[0].startswith("waiting\nthe deadline is over")
    assert fake.requests == [f"DELETE /v2/pods/{pod.id} by itself"]
    assert list(fake.pods) == [other.id]
    arguments = (tmp_path / "log").read_text()
    assert arguments.startswith("curl ") and pod.key not in arguments


def test_a_pod_that_gives_it_no_key_is_said(fake, tmp_path):
    process = start(tmp_path, fake.foreign(), fake.url, RUNPOD_API_KEY="")
    assert process.wait(10) == 1
    assert "nothing here can delete it" in process.communicate()[0]


@pytest.mark.slow
def test_it_deletes_the_pod_of_a_client_that_was_killed(fake, client):
    client.stdin.write("short\n")
    client.stdin.flush()
    pid = int(client.stdout.readline())
    while not any(fake.root.glob("*/koki2-burst/src/begun")):
        time.sleep(0.01)
    os.kill(pid, signal.SIGKILL)
    client.stdout.readline()
    (pod,) = fake.pods.values()
    log = pathlib.Path(pod.home, "koki2-burst", "watchdog.log")
    assert log.read_text() == "waiting\n"
    deadline = time.monotonic() + 30
    while fake.pods and time.monotonic() < deadline:
        time.sleep(0.05)
    assert fake.pods == {}
    assert fake.requests[-1] == f"DELETE /v2/pods/{pod.id} by itself"
