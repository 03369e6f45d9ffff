"""A burst from beginning to end, on the fake RunPod."""

import subprocess

from renting import config, GPU, QUICK

from koki2.bursts import lease, planning, run_burst


def test_a_command_runs_on_a_pod_and_its_files_come_back(fake):
    steps, said = [], []
    folder = run_burst(config(), say=said.append, pace=QUICK, step=steps.append)
    assert steps == list(planning.STEPS) and said == []
    assert (folder / "fetched" / "runs" / "result").read_text() == "7\n"
    assert (folder / "fetched" / "runs" / "deep" / "a b").read_text() == "x\n"
    assert (folder / "stdout.log").read_text() == "said\n"
    assert (folder / "stderr.log").read_text() == "warned\n"
    assert fake.pods == {}
    assert [line for line in fake.requests if line[:3] != "GET"] == [
        "POST /v2/pods",
        f"DELETE /v2/pods/{lease.read(folder).pod}",
    ]
    assert sorted(path.name for path in folder.iterdir()) == [
        ".lock",
        "fetched",
        "fetched.sha256",
        "lease.json",
        "manifest.txt",
        "stderr.log",
        "stdout.log",
    ]
    commit = subprocess.run(
        ["git", "rev-parse", "HEAD"], capture_output=True, text=True
    ).stdout.strip()
    facts = (folder / "manifest.txt").read_text()
    for line in (
        f"commit: {commit}\n",
        "dirty: no\n",
        f"gpu: 1 x {GPU}, secure cloud\n",
        "command: sh work.sh\n",
        "price: $0.46 an hour, $0.46 in 1 h\n",
        "cost: $0.46 an hour\n",
        "watchdog: waiting\n",
        "exit code: 0\n",
        "fetched: 2 files, every SHA-256 checked\n",
        "problem: none\n",
        "tear-down: deleted, seen to be gone at ",
    ):
        assert line in facts


def test_runpod_is_asked_for_what_v2_takes_and_told_no_secret():
    body = planning.create_body(config(gpu_count=2, cloud="community"), "NAME", "KEY")
    assert body == {
        "name": "NAME",
        "image": "runpod/pytorch:2.1.0",
        "gpu": {"id": GPU, "count": 2, "minCudaVersion": "13.0"},
        "cloud": "COMMUNITY",
        "disk": 40,
        "ports": ["22/tcp"],
        "env": {"PUBLIC_KEY": "KEY"},
        "startSsh": True,
    }
