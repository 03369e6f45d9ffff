"""`koki2 burst`, as typed; and that the key is seen nowhere."""

import contextlib
import io
import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time

import pytest
from fake_runpod import Fault, KEY
from renting import GPU, HERE, variables

from koki2.bursts import shell, source, STEPS
from koki2.cli import burst_actions, main
from koki2.runlog import list_runs, read_summary

ROOT = HERE.parents[1]
SEED = """
tools/runpod_burst_bench.sh --gpu-type 'NVIDIA GeForce RTX 3090' \\
  --image 'runpod/pytorch:2.1.0-py3.10-cuda12.1.0-devel-ubuntu22.04' \\
  --fetch runs \\
  -- uv run koki2 batch-evo-l0 --seed-count 3 --generations 50 --jit-es
"""
BURST = "--gpu-type 'NVIDIA GeForce RTX 3090' --image x/y:1 --fetch runs"


def typed(words):
    """Types a command line here: its code, stdout and stderr."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(["burst", *shlex.split(words)])
    return code, out.getvalue(), err.getvalue()


def environment(fake, folder):
    """Of a process whose home is a folder, and whose programs say how they start."""
    found = variables(fake.url, fake.root)
    log, bin = folder / "started", folder / "bin"
    bin.mkdir()
    real = {n: shutil.which(n, path=found["PATH"]) for n in shell.PROGRAMS}
    real["koki2"] = f"{sys.executable} {HERE / 'quick_koki2.py'}"
    for name, program in real.items():
        words = "" if name == "koki2" else f'{{ echo "{name} $*"; env; }} >>{log}; '
        (bin / name).write_text(f'#!/bin/sh\n{words}exec {program} "$@"\n')
        (bin / name).chmod(0o755)
    found["PATH"] = f"{bin}{os.pathsep}{found['PATH']}"
    path = f"{ROOT}{os.pathsep}{HERE}"
    return os.environ | found | {"HOME": str(folder), "PYTHONPATH": path}


def test_the_line_of_seed_002_is_understood_as_it_stands(monkeypatch):
    wrapper = (ROOT / "tools" / "runpod_burst_bench.sh").read_text()
    assert wrapper.rstrip().endswith('exec "$koki2" burst run "$@"')
    seen = []
    run = lambda options, as_json: seen.append(options) or 0
    monkeypatch.setattr(burst_actions, "ACTIONS", {"run": run})
    _, *words = shlex.split(SEED.replace("\\\n", " "))
    assert main(["burst", "run", *words]) == 0
    (options,) = seen
    assert options.gpu_type == "NVIDIA GeForce RTX 3090"
    assert options.image == "runpod/pytorch:2.1.0-py3.10-cuda12.1.0-devel-ubuntu22.04"
    assert options.fetch == ("runs",)
    command = "uv run koki2 batch-evo-l0 --seed-count 3 --generations 50 --jit-es"
    assert shlex.join(options.command) == command


def test_the_key_is_in_no_file_no_output_and_no_argument(
    fake, small_checkout, tmp_path
):
    fake.faults = [Fault("POST /v2/pods", after=True), Fault("GET /v2/pods/ID", 429)]
    words = ["tools/runpod_burst_bench.sh", *shlex.split(BURST), "--", "sh", "work.sh"]
    done = subprocess.run(
        words,
        cwd=small_checkout,
        env=environment(fake, tmp_path),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "complete; no pod is left\nburst: runs/runpod_burst/" in done.stdout
    assert fake.pods == {}
    read = {"stdout": done.stdout, "stderr": done.stderr, "bodies": str(fake.bodies)}
    for folder in (small_checkout, fake.root, tmp_path):
        for path in folder.rglob("*"):
            if path.is_file():
                read[str(path)] = path.read_bytes().decode("latin-1")
    assert len(read) > 30 and "ssh -F none" in read[str(tmp_path / "started")]
    assert not [where for where, text in read.items() if KEY in text]


def test_a_signal_to_the_process_ends_the_pod_before_it_ends(
    fake, small_checkout, tmp_path
):
    words = [*shlex.split(BURST), "--", "sh", "-c", "touch begun; sleep 60"]
    process = subprocess.Popen(
        [sys.executable, str(HERE / "quick_koki2.py"), "burst", "run", *words],
        cwd=small_checkout,
        env=environment(fake, tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 20
    while not any(fake.root.glob("*/koki2-burst/src/begun")):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 143, err
    assert "stopped; no pod of this burst is left" in err and "Traceback" not in err
    assert fake.pods == {}


def test_a_plan_says_what_it_would_do_and_does_none_of_it(fake, monkeypatch):
    words = f"plan {BURST} --hours 2"
    code, out, err = typed(f"{words} -- sh work.sh")
    assert code == 0 and err == ""
    assert "$0.46 an hour, $0.92 in 2 h at most" in out
    assert '"name":"koki2-burst-DEADLINE-UUID"' in out and "DELETE " in out
    for command in ("ssh-keygen ", "./stdout.log", "kill -TERM", "sha256sum "):
        assert command in out
    assert fake.requests == ["GET /v2/catalog/gpus"] and fake.pods == {}
    assert not pathlib.Path("runs").exists()
    monkeypatch.delenv("RUNPOD_API_KEY")
    _, out, _ = typed(f"{words} --json -- sh work.sh")
    facts = json.loads(out)
    assert facts["usd_per_hour"] is None
    assert [step["name"] for step in facts["steps"]] == [*STEPS]
    _, out, _ = typed(f"{words} -- sh work.sh")
    assert "unknown, as RUNPOD_API_KEY is not set; at most --max-usd 2" in out


def test_the_lines_that_pages_show_say_all_that_a_burst_must_know(fake, monkeypatch):
    """As far as the price; what they would run is on other machines."""
    found = source.Source(ROOT, "0" * 40, is_dirty=False, lock_sha256="")
    monkeypatch.setattr(source, "find", lambda options: found)
    pages = [ROOT / "README.md", ROOT / "docs" / "bursts.md"]
    text = "".join(page.read_text() for page in pages).replace("\\\n", "")
    before = "(?:koki2 burst (?:run|plan)|tools/runpod_burst_bench.sh)"
    lines = re.findall(rf"{before} ([^`\n]*--gpu-type[^`\n]*)", text)
    assert len(lines) == 5
    for line in lines:
        words = line.replace("--gpu-type T ", f"--gpu-type '{GPU}' ")
        code, _, err = typed(f"plan {words}")
        assert code == 0, err


def test_list_and_reap_show_what_is_ours(fake):
    assert typed("list") == (0, "no bursts\n", "")
    name = "koki2-burst-1000000000-" + "a" * 32
    foreign, pod = fake.foreign(), fake.foreign(name)
    code, out, _ = typed("list --json")
    (line,) = json.loads(out)["bursts"]
    assert (line["burst"], line["state"], line["pod"]) == (name, "overdue", pod.id)
    assert typed("reap")[:2] == (0, "pods deleted: 1\n")
    assert list(fake.pods) == [foreign.id]


@pytest.mark.parametrize(
    "words, code, said",
    [
        ("run --image x -- ls", 2, "--gpu-type must be given for a burst."),
        (f"run {BURST} --max-usd .1 -- ls", 2, "must cost at most --max-usd 0.1"),
        (f"run {BURST} --hours .01 -- ls", 2, "--hours must be more than 0.05"),
        (
            f"run {BURST} --hours 1 ls",
            2,
            "must be all that stands alone, got 'run', 'ls'",
        ),
        (f"start {BURST}", 2, "invalid choice"),
        ("list --fetch ../a", 2, "--fetch must be paths within the checkout"),
    ],
)
def test_a_mistake_costs_nothing_and_is_said_in_one_line(fake, words, code, said):
    found, out, err = typed(words)
    assert found == code and said in err and out == "", err
    assert "POST /v2/pods" not in fake.requests and "Traceback" not in err


def test_a_key_that_runpod_does_not_know_is_a_mistake(fake, monkeypatch):
    monkeypatch.setenv("RUNPOD_API_KEY", "rpa_other")
    code, _, err = typed("list")
    assert code == 2 and "RUNPOD_API_KEY must be a key that RunPod knows" in err
    monkeypatch.delenv("RUNPOD_API_KEY")
    assert typed("reap")[0] == 2


def test_without_its_extra_it_says_what_to_install():
    code = "import sys; sys.modules['httpx'] = None; from koki2.cli import main; "
    words = [sys.executable, "-c", code + "sys.exit(main(['burst', 'list']))"]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 2, done.stderr
    assert "must have httpx (pip install 'koki2[burst]')" in done.stderr


@pytest.mark.slow
def test_three_seeds_evolve_on_a_pod_and_their_runs_come_back(
    fake, tmp_path, monkeypatch
):
    """The line of the seed, for 5 generations, on this repository's last commit."""
    clone = ["git", "clone", "--quiet", str(ROOT), str(tmp_path / "clone")]
    subprocess.run(clone, check=True)
    words = shlex.split(SEED.replace("\\\n", " ").replace("50", "5"))
    home = tmp_path / "home"
    home.mkdir()
    done = subprocess.run(
        words,
        cwd=tmp_path / "clone",
        env=environment(fake, home),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    (burst,) = (tmp_path / "clone" / "runs" / "runpod_burst").iterdir()
    runs = list_runs(burst / "fetched" / "runs")
    assert [run.path.name[-5:] for run in runs] == ["seed0", "seed1", "seed2"]
    assert [read_summary(run.path)["generations"] for run in runs] == [5, 5, 5]
    assert "SHA-256 checked" in (burst / "manifest.txt").read_text()
    assert fake.pods == {}
