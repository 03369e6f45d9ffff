"""The fault matrix: whatever goes wrong, no pod is left after at most one reap."""

import concurrent.futures as futures
import dataclasses
import pathlib
import shlex
import time
import types
from typing import NamedTuple

import pytest
from fake_runpod import Fault, KEY
from lanes_of_tests import mostly_slow
from renting import config, QUICK

from koki2 import runlog
from koki2.bursts import (
    BurstError,
    lease as leases,
    rental,
    run_burst,
)

CREATE, GET = "POST /v2/pods", "GET /v2/pods/ID"
LIST, PRICE = "GET /v2/pods", "GET /v2/catalog/gpus"
DELETE = "DELETE /v2/pods/ID"
AFTER = {"request": CREATE, "after": True}
WAIT = {"Retry-After": "0"}


class Cell(NamedTuple):
    """A fault, and what a burst then says."""

    says: str | None = None
    """In its error; None: it completes."""
    faults: tuple[Fault, ...] = ()
    late: tuple[Fault, ...] = ()
    """From when the pod has been asked for."""
    fake: dict[str, object] = {}
    """What the fake is set to."""
    command: str = "sh work.sh"
    more: dict[str, object] = {}
    """Of the burst."""
    pace: dict[str, float] = {}
    error: type[Exception] = BurstError
    posts: int = 1
    """How often a pod was asked for."""
    left: int = 0
    """How many pods are left for a reap."""


CELLS = {
    "nothing": Cell(),
    "create times out after creating": Cell(
        faults=(Fault(**AFTER, then=lambda: time.sleep(0.4)),), pace={"request": 0.3}
    ),
    "create is cut off after creating": Cell(faults=(Fault(**AFTER, status=0),)),
    "create says 500 after creating": Cell(faults=(Fault(**AFTER),)),
    "create says 500, and so does the list, after creating": Cell(
        faults=(Fault(**AFTER), Fault(LIST, times=2))
    ),
    "create says 408 after creating": Cell(faults=(Fault(**AFTER, status=408),)),
    "create says 500 and creates nothing": Cell(
        "answered POST /v2/pods with 500", (Fault(CREATE),)
    ),
    "create says 429": Cell(
        "answered POST /v2/pods with 429", (Fault(CREATE, 429, headers=WAIT),)
    ),
    "create says 400, there is none": Cell("with 400", (Fault(CREATE, 400),)),
    "create says 402, no balance": Cell("must have a balance", (Fault(CREATE, 402),)),
    "create says 422": Cell("with 422: as the test says", (Fault(CREATE, 422),)),
    "all that may be repeated says 429 once, and 500 twice": Cell(
        faults=(
            *(Fault(of, 429, headers=WAIT) for of in (PRICE, LIST, GET, DELETE)),
            *(Fault(of, times=2) for of in (PRICE, LIST, GET, DELETE)),
        )
    ),
    "the pod stays PROVISIONING": Cell(
        "got PROVISIONING", fake={"is_stuck": True}, pace={"start": 0.1}
    ),
    "ssh.direct is never set": Cell(
        "must run with its port 22 published within 0.1 seconds, got RUNNING",
        fake={"has_no_ssh": True},
        pace={"start": 0.1},
    ),
    "the pod dies while the command runs": Cell(
        r"must run until the command ends, got EXITED",
        command="sh -c 'echo begun; kill -9 $POD_PROCESS; sleep 9'",
    ),
    "the pod vanishes while it starts": Cell(
        "must start, got no such pod", (Fault(GET, 404, times=99),)
    ),
    "the pod shows late": Cell(faults=(Fault(GET, 404, times=2),)),
    "the pod is called otherwise than was asked for": Cell(fake={"renames": True}),
    "the command fails": Cell("ended with 3; see ", command="sh -c 'exit 3'"),
    "the command is killed": Cell(
        "ended with 137", command="sh -c 'kill -9 $$'", more={"fetch": ()}
    ),
    "the command is killed with what would say so": Cell(
        "must say how it ended, and is gone", command="sh -c 'kill -9 $PPID; sleep 9'"
    ),
    "the command takes too long": Cell(
        r"must end within 0.00\d+ hours",
        command="sh -c 'mkdir runs; echo part >runs/result; sleep 60'",
        more={"hours": 7 / 3600},
        pace={"reserve": 5.5},
    ),
    "what is to be fetched is not there": Cell(
        "--fetch other is not there", more={"fetch": ("runs", "other")}
    ),
    "the lock file cannot be installed": Cell(
        "no such package", more={"lock": pathlib.Path("requirements/broken.lock")}
    ),
    "delete fails twice": Cell(faults=(Fault(DELETE, times=2),)),
    "the command and then delete fail": Cell(
        "ended with 3", (Fault(DELETE, times=2),), command="sh -c 'exit 3'"
    ),
    "delete is answered, and done later": Cell(fake={"lingers": 2}),
    "delete fails for long": Cell(
        "must be gone, and may still cost money",
        (Fault(DELETE, times=99),),
        left=1,
        pace={"gone": 0.2},
    ),
    "the list fails for long once there is a pod": Cell(late=(Fault(LIST, times=99),)),
    "nothing is said of pods once there is one": Cell(
        "must be gone, and may still cost money",
        late=(Fault(GET, times=999), Fault(LIST, times=999)),
        pace={"gone": 0.2},
    ),
    "the price is above the cap": Cell(
        r"must cost at most --max-usd 0.4, got \$0.46",
        more={"max_usd": 0.4},
        error=runlog.InputError,
        posts=0,
    ),
    "the cost is above the cap": Cell(
        r"must cost at most --max-usd 1, got \$1.15",
        more={"max_usd": 1.0},
        fake={"cost_factor": 2.5},
        error=runlog.InputError,
    ),
}
QUICK_CELLS = (
    "create is cut off after creating",
    "create says 500 and creates nothing",
    "the pod stays PROVISIONING",
    "the pod dies while the command runs",
    "the command and then delete fail",
    "delete fails for long",
    "the cost is above the cap",
)


@pytest.mark.parametrize("name", mostly_slow(CELLS, *QUICK_CELLS))
def test_no_pod_is_left_whatever_goes_wrong(name, fake, reaped, monkeypatch):
    cell, foreign = CELLS[name], fake.foreign()
    vars(fake).update(cell.fake)
    fake.faults = [*cell.faults]
    more = {"command": tuple(shlex.split(cell.command)), **cell.more}
    pace = dataclasses.replace(QUICK, **cell.pace)
    step = lambda name: fake.faults.extend(cell.late if name == "wait" else ())
    burst = lambda: run_burst(config(**more), say=print, pace=pace, step=step)
    if cell.says is None:
        folder = burst()
        assert (folder / "fetched" / "runs" / "result").read_text() == "7\n"
    else:
        with pytest.raises(cell.error, match=cell.says):
            burst()
    assert fake.requests.count(CREATE) == cell.posts
    assert len(fake.pods) - 1 == cell.left
    fake.faults = []
    assert len(reaped()) == cell.left
    assert list(fake.pods) == [foreign.id]


@pytest.mark.parametrize("at", mostly_slow(["delete", "record"], "delete"))
def test_a_caller_that_raises_at_the_end_keeps_no_pod(at, fake):
    """As where its terminal is gone, and it cannot say what happens."""

    def step(name):
        if name == at:
            raise BrokenPipeError("no reader")

    with pytest.raises(BrokenPipeError, match="no reader"):
        run_burst(config("true", fetch=()), say=print, pace=QUICK, step=step)
    assert fake.pods == {}
    (folder,) = pathlib.Path("runs", "runpod_burst").iterdir()
    assert leases.read(folder).closed is not None
    assert "tear-down: deleted, seen" in (folder / "manifest.txt").read_text()


def test_the_time_of_a_burst_is_over_though_the_clock_was_set_back(monkeypatch):
    lease = leases.make(hours=1.0, max_usd=1.0, url="")
    burst = types.SimpleNamespace(lease=lease, ends=time.monotonic() + 3600)
    left = lambda: rental.Rental.left.fget(burst)
    assert left() == pytest.approx(3600, abs=2)
    monkeypatch.setattr(time, "time", lambda: lease.created - 1e6)
    assert left() == pytest.approx(3600, abs=2)
    monkeypatch.setattr(time, "time", lambda: lease.deadline + 1e6)
    assert left() == 1.0


def test_the_error_of_a_refusal_does_not_have_the_key_in_it(fake):
    fake.faults = [Fault(PRICE, 401, detail=f"{'x' * 480} {KEY} is unknown")]
    with pytest.raises(BurstError, match="a key that RunPod knows") as refused:
        run_burst(config(), say=print, pace=QUICK)
    assert "THE KEY" in str(refused.value) and KEY[:8] not in str(refused.value)


@pytest.mark.slow
@pytest.mark.parametrize("end", ["3", "lost"])
def test_what_a_failing_command_left_is_brought_back(end, fake):
    last = "exit 3" if end == "3" else "kill -9 $PPID"
    script = f"mkdir runs; echo part >runs/result; echo why >&2; {last}"
    with pytest.raises(BurstError, match="ended with 3|must say how it ended"):
        run_burst(config("sh", "-c", script), say=print, pace=QUICK)
    (folder,) = pathlib.Path("runs", "runpod_burst").iterdir()
    assert (folder / "fetched" / "runs" / "result").read_text() == "part\n"
    assert (folder / "stderr.log").read_text() == "why\n"
    facts = (folder / "manifest.txt").read_text()
    assert f"exit code: {end}\n" in facts and "problem: the command " in facts


@pytest.mark.slow
def test_two_bursts_at_once_leave_each_other_alone(fake):
    with futures.ThreadPoolExecutor() as pool:
        start = lambda: run_burst(config(), say=print, pace=QUICK)
        bursts = [pool.submit(start) for _ in range(2)]
    folders = {burst.result() for burst in bursts}
    assert len(folders) == 2 and fake.pods == {}
    for folder in folders:
        assert (folder / "fetched" / "runs" / "result").read_text() == "7\n"


@pytest.mark.slow
def test_a_command_whose_time_is_over_is_asked_before_it_is_killed(fake):
    script = "mkdir runs; trap 'echo asked >runs/result; exit' TERM; sleep 60"
    late = {"hours": 6 / 3600}
    pace = dataclasses.replace(QUICK, reserve=3.0)
    with pytest.raises(BurstError, match="must end within 0.00"):
        run_burst(config("sh", "-c", script, **late), say=print, pace=pace)
    (folder,) = pathlib.Path("runs", "runpod_burst").iterdir()
    assert (folder / "fetched" / "runs" / "result").read_text() == "asked\n"


@pytest.mark.slow
def test_what_a_command_left_running_is_stopped_before_its_files_are_fetched(fake):
    script = "mkdir runs; while :; do echo x >>runs/result; done & echo $! >runs/pid"
    folder = run_burst(config("sh", "-c", script), say=print, pace=QUICK)
    assert (folder / "fetched" / "runs" / "result").stat().st_size > 1


@pytest.mark.slow
def test_a_file_that_arrives_otherwise_than_it_was_is_named(fake, monkeypatch):
    monkeypatch.setenv("FAKE_DAMAGE", "result")
    with pytest.raises(BurstError, match="1 of 2 files .* runs/result first"):
        run_burst(config(), say=print, pace=QUICK)
    assert fake.pods == {}
