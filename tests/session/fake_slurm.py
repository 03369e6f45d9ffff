"""A Slurm of one machine, as far as a sweep needs it: stand-ins to put on PATH.

    python fake_slurm.py sbatch FILE        what the script of that name on PATH calls

Every task of an array is a process group of its own. `$FAKE_SLURM` is the folder in
which a JSON file per task says its name and its leader; `calls` there lists each call.
"""

import json
import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys
import time

PROGRAMS = ("sbatch", "srun", "squeue", "sacct", "scancel", "scontrol")


def install(folder: pathlib.Path) -> dict[str, str]:
    """Makes the stand-ins in a folder, and returns the variables that they need."""
    programs, state = folder / "bin", folder / "state"
    programs.mkdir(parents=True)
    state.mkdir()
    for name in PROGRAMS:
        script = programs / name
        words = shlex.join([sys.executable, __file__, name])
        script.write_text(f'#!/bin/sh\nexec {words} "$@"\n')
        script.chmod(0o755)
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    return {"PATH": path, "FAKE_SLURM": str(state)}


def tasks(state: pathlib.Path) -> dict[str, dict]:
    """The tasks that are running, by job id."""
    found = {}
    for path in sorted(state.glob("*.json")):
        task = json.loads(path.read_text())
        if is_alive(task["pid"]):
            found[path.stem] = task
    return found


def is_alive(pid: int) -> bool:
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] != "Z"


def kill(task: dict, number: int) -> None:
    """Sends a signal to all processes of a task."""
    try:
        os.killpg(task["pid"], number)
    except ProcessLookupError:
        pass


def _sbatch(state: pathlib.Path, words: list[str]) -> None:
    text = pathlib.Path(words[-1]).read_text()
    given = dict(re.findall(r"^#SBATCH --([\w-]+)=(.*)$", text, re.MULTILINE))
    if given.get("partition") == "nowhere":
        sys.exit("sbatch: error: invalid partition specified: nowhere")
    number = 100 + len(list(state.glob("*.sh")))
    script = state / f"{number}.sh"
    script.write_text(text)
    (state / f"{number}.given").write_text(json.dumps(given))
    print(f"Submitted batch job {number}", flush=True)
    last = int(given["array"].partition("%")[0].partition("-")[2] or 0)
    indices = range(last + 1) if "array" in given else [None]
    for index in indices:
        _start(state, script, number, index, given["job-name"])


def _start(state, script, number, index, name) -> None:
    job = str(number) if index is None else f"{number}_{index}"
    own = {"SLURM_JOB_ID": str(number), "SLURM_JOB_NUM_NODES": "1", "SLURM_NTASKS": "1"}
    own |= {"SLURM_PROCID": "0", "SLURM_LOCALID": "0", "SLURM_NODEID": "0"}
    if index is not None:
        own |= {"SLURM_ARRAY_JOB_ID": str(number), "SLURM_ARRAY_TASK_ID": str(index)}
    process = subprocess.Popen(
        ["sh", str(script)],
        env=os.environ | own,
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    task = {"pid": process.pid, "name": name, "index": index, "script": str(script)}
    (state / f"{job}.json").write_text(json.dumps(task))


def _srun(state: pathlib.Path, words: list[str]) -> None:
    streams = {}
    while words[0].startswith("--"):
        flag = words.pop(0)
        if flag in ("--output", "--error"):
            job = os.environ["SLURM_JOB_ID"]
            array = os.environ.get("SLURM_ARRAY_TASK_ID", "")
            path = words.pop(0).replace("%A", job).replace("%a", array)
            path = path.replace("%j", job).replace("%t", "0")
            streams[flag] = open(path, "ab")
    os.dup2(streams["--output"].fileno(), 1)
    os.dup2(streams["--error"].fileno(), 2)
    os.execvp(words[0], words)


def _squeue(state: pathlib.Path, words: list[str]) -> None:
    print(
        "\n".join(job for job, task in tasks(state).items() if _is_meant(task, words))
    )


def _scancel(state: pathlib.Path, words: list[str]) -> None:
    for task in tasks(state).values():
        if _is_meant(task, words):
            kill(task, signal.SIGTERM)


def _is_meant(task: dict, words: list[str]) -> bool:
    (name,) = [word.partition("=")[2] for word in words if word.startswith("--name=")]
    return task["name"] == name


def _sacct(state: pathlib.Path, words: list[str]) -> None:
    print("JobID|State|NodeList")
    alive = tasks(state)
    for path in sorted(state.glob("*.json")):
        print(f"{path.stem}|{'RUNNING' if path.stem in alive else 'FAILED'}|here")


def _scontrol(state: pathlib.Path, words: list[str]) -> None:
    """requeue JOB: once the task has ended, it is started again."""
    path = state / f"{words[1]}.json"
    task = json.loads(path.read_text())
    if os.fork():
        return
    os.setsid()
    while is_alive(task["pid"]):
        time.sleep(0.02)
    number = int(words[1].partition("_")[0])
    _start(state, pathlib.Path(task["script"]), number, task["index"], task["name"])


if __name__ == "__main__":
    folder = pathlib.Path(os.environ["FAKE_SLURM"])
    with (folder / "calls").open("a") as calls:
        calls.write(shlex.join(sys.argv[1:]) + "\n")
    globals()[f"_{sys.argv[1]}"](folder, sys.argv[2:])
