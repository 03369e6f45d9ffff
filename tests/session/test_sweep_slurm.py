"""Jobs of a sweep: what each is given, that no kill matters, and how they are stopped.

The slow ones submit real jobs: to submitit's local executor, and to stand-ins of Slurm.
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import types

import counting
import fake_slurm
import pytest

from koki2 import runlog
from koki2.session import slurm_jobs, sweep, sweep_slurm
from koki2.session.kinds import KINDS
from koki2.session.signals import Stop
from koki2.session.slurm_config import SlurmConfig
from koki2.session.sweep_cells import Cell, Piece

ROOT = pathlib.Path(__file__).parents[2]
FILE = """
kind = "counting"
[slurm]
{table}
[loop]
units = 16
pause = 0.2
[grid]
walk.step = [1, 2]
seed = [0, 1]
"""

EVO = """
world = "world.py:line"
[slurm]
cluster = "local"
[agent]
n_neurons = 4
k_edges = 2
[search]
pop_size = 4
[loop]
generations = 2
episodes = 1
checkpoint_every = 2
[grid]
seed = [0, 1]
"""


class Inline:
    """A job that runs here, at once, in place of submitit's."""

    def __init__(self, job, piece, stop):
        self.job_id, self.fault = "1", None
        self.paths = types.SimpleNamespace(
            result_pickle=pathlib.Path(__file__), stderr="log"
        )
        try:
            job.work(piece, stop)
        except sweep_slurm._FAULTS as error:
            self.fault = error

    def done(self, force_check=False):
        return True

    def result(self):
        return self.fault


@pytest.fixture
def cells(monkeypatch):
    KINDS.register("counting", counting.KIND)
    monkeypatch.setattr(sweep_slurm, "POLL", 0.0)
    monkeypatch.setattr(slurm_jobs, "POLL", 0.0)
    configs = [
        counting.CountingConfig(
            walk=counting.WalkConfig(step=step), loop=counting.LoopConfig(units=2)
        )
        for step in (1, 2)
    ]
    yield [
        Cell(kind="counting", config=config, seed=seed)
        for config in configs
        for seed in (0, 1)
    ]
    KINDS.remove("counting")


@pytest.fixture
def waves(monkeypatch):
    """Jobs run in this process; the sizes of what was submitted at a time."""
    sizes = []

    def submit(executor, job, pieces):
        sizes.extend([len(pieces)] if pieces else [])
        return [Inline(job, piece, Stop()) for piece in pieces]

    monkeypatch.setattr(slurm_jobs, "make_executor", lambda *given: None)
    monkeypatch.setattr(slurm_jobs, "submit", submit)
    return sizes


LOCAL = SlurmConfig(cluster="local")


def test_jobs_leave_what_one_process_leaves(cells, waves, tmp_path, capsys):
    jobs = sweep.run_cells(cells, tmp_path / "jobs", jobs=3, slurm=LOCAL, stop=Stop())
    here = sweep.run_cells(cells, tmp_path / "here", stop=Stop())
    assert [o.summary for o in jobs] == [o.summary for o in here]
    assert waves == [3, 1]  # two shapes in two parts each, three at a time
    assert capsys.readouterr().err.count("seed 0: complete") == 6  # also in jobs
    sweep.run_cells(cells, tmp_path / "jobs", jobs=3, slurm=LOCAL, stop=Stop())
    assert waves == [3, 1], "nothing is left to submit"


def test_the_others_are_waited_for_where_one_fails(cells, waves, tmp_path):
    left = tmp_path / "cells" / cells[0].folder
    left.mkdir(parents=True)
    (left / "config.json").write_text("{}")  # of no run
    with pytest.raises(runlog.BrokenRunError):
        sweep.run_cells(cells, tmp_path, jobs=4, slurm=LOCAL, stop=Stop())
    assert waves == [4]
    assert len(list(tmp_path.glob("cells/*/summary.json"))) == 3


def test_a_stop_submits_nothing_more_and_cancels(cells, waves, tmp_path, monkeypatch):
    stop, cancelled = Stop(), []
    monkeypatch.setattr(slurm_jobs.Queue, "cancel", lambda q, jobs: cancelled.append(1))
    monkeypatch.setattr(
        slurm_jobs, "sleep", lambda s, stop: setattr(stop, "signal", signal.SIGINT)
    )
    outcomes = sweep.run_cells(cells, tmp_path, jobs=3, slurm=LOCAL, stop=stop)
    assert waves == [3] and cancelled == [1]
    assert [outcome.is_done for outcome in outcomes].count(True) == 3


def test_a_job_runs_under_the_variables_of_the_sweep(monkeypatch):
    monkeypatch.setattr(os, "environ", {"JAX_STRANGE": "1", "XLA_FLAGS": "a", "B": "2"})
    monkeypatch.setattr(sweep_slurm.sweep_workers, "prepare", lambda argv: None)
    piece, given = Piece([], []), {"XLA_FLAGS": "", "JAX_X": "y"}
    job = sweep_slurm.PieceJob(lambda piece, stop: None, [], given, None)
    assert job(piece) is None
    assert os.environ == {"XLA_FLAGS": "", "JAX_X": "y", "B": "2"}

    def refuse(piece, stop):
        raise runlog.InputError("no")

    assert isinstance(job._replace(work=refuse)(piece), runlog.InputError)


def test_the_cluster_is_asked_for_the_jobs_of_the_user_that_this_process_is(
    monkeypatch,
):
    """Whatever LOGNAME says; else jobs of an earlier start would not be seen."""
    monkeypatch.setenv("LOGNAME", "another")
    asked = []
    done = types.SimpleNamespace(returncode=0, stdout="7_0\n")
    answer = lambda words, **more: asked.append(words) or done
    monkeypatch.setattr(slurm_jobs.subprocess, "run", answer)
    queue, stop = slurm_jobs.Queue("koki2-x", SlurmConfig()), Stop()
    monkeypatch.setattr(
        slurm_jobs, "sleep", lambda s, stop: setattr(stop, "signal", signal.SIGINT)
    )
    queue.wait_for_earlier(stop, lambda: None)
    mine = ["--name=koki2-x", f"--user={os.getuid()}"]
    assert asked == [["squeue", "--noheader", "--format=%i", *mine], ["scancel", *mine]]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The kind `counting` in every process, and a whole sweep of it in one."""
    folder = tmp_path_factory.mktemp("slurm")
    (folder / "site").mkdir()
    counting.install(folder / "site")
    finish(start(folder, "--out", "whole"))
    return folder


def start(folder, *words, table="", **environment):
    """Starts a sweep whose runs take two seconds each."""
    (folder / "walk.toml").write_text(FILE.format(table=table))
    path = f"{ROOT}{os.pathsep}{folder / 'site'}"
    return subprocess.Popen(
        [sys.executable, "-m", "koki2", "sweep", "walk.toml", "--json", *words],
        env=os.environ | {"PYTHONPATH": path} | environment,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process, code=0):
    out, err = process.communicate(timeout=300)
    assert process.returncode == code, err
    return out, err


def wait_for_jobs(out, count):
    """Waits until so many processes are in the middle of a run; returns them."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        holders = [
            (path.parent / ".lock").read_text().split()  # process PID on ...
            for path in out.glob("cells/*/units.jsonl")
            if path.stat().st_size and not (path.parent / "summary.json").exists()
        ]
        found = {int(words[1]) for words in holders if words}
        found = {pid for pid in found if fake_slurm.is_alive(pid)}
        if len(found) >= count:
            return sorted(found)
        time.sleep(0.02)
    raise AssertionError("no job has begun")


def files(root):
    """What a sweep leaves, but for clocks, machines and the folder of its jobs."""
    skipped = {"manifest.json", "timing.jsonl", ".lock", "sweep.json", "config.json"}
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.name not in skipped
        if sweep_slurm.FOLDER not in path.relative_to(root).parts
    }


def is_left(out):
    return len(list(out.glob("cells/*/summary.json"))) < 4


@pytest.mark.slow
def test_local_jobs_killed_at_any_point_end_in_the_same_table(site):
    """kill -9 of the process that submits, and SIGTERM; its jobs end with it."""
    out, words = site / "local", ("--out", "local", "--slurm", "--jobs", "2")
    begin = lambda: start(site, *words, table='cluster = "local"')
    process = begin()
    wait_for_jobs(out, 2)
    process.kill()
    finish(process, -signal.SIGKILL)
    assert is_left(out)
    process = begin()
    wait_for_jobs(out, 1)
    process.send_signal(signal.SIGTERM)
    said, err = finish(process, 143)
    assert json.loads(said)["status"] == "interrupted"
    assert "the jobs are cancelled" in err and is_left(out)
    said, err = finish(begin())
    assert json.loads(said)["status"] == "complete"
    assert files(out) == files(site / "whole")


@pytest.mark.slow
def test_a_killed_local_job_is_said_and_the_same_command_goes_on(site):
    out, words = site / "job", ("--out", "job", "--slurm", "--jobs", "2")
    begin = lambda: start(site, *words, table='cluster = "local"')
    process = begin()
    os.kill(wait_for_jobs(out, 2)[0], signal.SIGKILL)
    _, err = finish(process, 1)
    assert "(killed); its log is " in err and "the same command goes on" in err
    assert is_left(out) and len(list(out.glob("cells/*/summary.json"))) >= 2
    finish(begin())
    assert files(out) == files(site / "whole")


@pytest.fixture
def cluster(tmp_path):
    variables = fake_slurm.install(tmp_path / "cluster")
    yield variables
    for task in fake_slurm.tasks(pathlib.Path(variables["FAKE_SLURM"])).values():
        fake_slurm.kill(task, signal.SIGKILL)


def calls(cluster, program):
    text = (pathlib.Path(cluster["FAKE_SLURM"]) / "calls").read_text()
    return [line for line in text.splitlines() if line.startswith(program)]


def begin_on(cluster, site, out, table='partition = "cpu"'):
    words = ("--out", out, "--slurm", "--jobs", "2")
    return start(site, *words, table=table, **cluster)


@pytest.mark.slow
def test_objects_flags_and_cache_reach_the_jobs(tmp_path):
    """A world from outside, evolved in jobs and here: the same files."""
    (tmp_path / "world.py").write_text(
        (ROOT / "docs/add_your_own/my_world.py").read_text()
    )
    (tmp_path / "walk.toml").write_text(EVO)
    common = "koki2 sweep walk.toml --objects world.py:line --episodes 4".split()
    for words in (
        ["--out", "here", "--no-jax-cache"],
        ["--out", "jobs", "--jax-cache-dir", "cache", "--slurm", "--jobs", "2"],
    ):
        done = subprocess.run(
            [sys.executable, "-m", *common, *words],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
    assert files(tmp_path / "jobs") == files(tmp_path / "here")
    assert any((tmp_path / "cache").iterdir())
    begun = json.loads((tmp_path / "jobs" / "sweep.json").read_text())
    for path in tmp_path.glob("jobs/cells/*/manifest.json"):
        assert json.loads(path.read_text())["environment"] == begun["environment"]


@pytest.mark.slow
def test_what_the_table_says_reaches_the_cluster_as_one_array(site, cluster):
    table = 'partition = "cpu"\ntimeout_min = 90\ncpus_per_task = 4\nmem_gb = 2.5'
    process = begin_on(cluster, site, "array", table + "\ngpus_per_node = 1")
    said, err = finish(process)
    assert json.loads(said)["status"] == "complete"
    assert err.count(": complete ") == 4
    assert files(site / "array") == files(site / "whole")
    assert len(calls(cluster, "sbatch")) == 1
    given = json.loads((pathlib.Path(cluster["FAKE_SLURM"]) / "100.given").read_text())
    assert given["array"] == "0-1%2" and given["partition"] == "cpu"
    assert (given["time"], given["cpus-per-task"]) == ("90", "4")
    assert (given["mem"], given["gpus-per-node"]) == ("2560MB", "1")


@pytest.mark.slow
def test_jobs_outlive_the_process_that_submitted_them_and_are_found_again(
    site, cluster
):
    process = begin_on(cluster, site, "found")
    wait_for_jobs(site / "found", 2)
    process.kill()
    finish(process, -signal.SIGKILL)
    tasks = fake_slurm.tasks(pathlib.Path(cluster["FAKE_SLURM"])).values()
    assert len(tasks) == 2
    for task in tasks:  # so that they are there when the next one looks
        fake_slurm.kill(task, signal.SIGSTOP)
    process = begin_on(cluster, site, "found")
    lines = iter(process.stderr.readline, "")
    assert any("of an earlier start: 100_0, 100_1" in line for line in lines)
    for task in tasks:
        fake_slurm.kill(task, signal.SIGCONT)
    finish(process)
    assert len(calls(cluster, "sbatch")) == 1, "nothing was left to submit"
    assert files(site / "found") == files(site / "whole")


@pytest.mark.slow
def test_a_job_that_is_out_of_time_is_queued_again_and_one_killed_is_said(
    site, cluster
):
    state = pathlib.Path(cluster["FAKE_SLURM"])
    process = begin_on(cluster, site, "requeued")
    for pid in wait_for_jobs(site / "requeued", 2):
        os.kill(pid, signal.SIGUSR2)  # as Slurm does before the limit
    until = time.monotonic() + 60
    while len(calls(cluster, "srun")) < 4 and time.monotonic() < until:
        time.sleep(0.05)
    assert len(calls(cluster, "scontrol requeue")) == 2
    time.sleep(0.5)
    task = fake_slurm.tasks(state)["100_1"]
    fake_slurm.kill(task, signal.SIGKILL)
    _, err = finish(process, 1)
    assert "job 100_1 (FAILED); its log is " in err
    finish(begin_on(cluster, site, "requeued"))
    assert files(site / "requeued") == files(site / "whole")


@pytest.mark.slow
def test_a_signal_cancels_the_jobs_and_bad_tables_are_refused(site, cluster):
    process = begin_on(cluster, site, "stopped")
    wait_for_jobs(site / "stopped", 2)
    process.send_signal(signal.SIGINT)
    said, err = finish(process, 130)
    assert json.loads(said)["status"] == "interrupted"
    assert not fake_slurm.tasks(pathlib.Path(cluster["FAKE_SLURM"]))
    assert len(calls(cluster, "scancel")) == 1
    finish(begin_on(cluster, site, "stopped"))
    assert files(site / "stopped") == files(site / "whole")
    _, err = finish(begin_on(cluster, site, "none", 'partition = "nowhere"'), 2)
    assert "the cluster refused the jobs: " in err and "invalid partition" in err
