"""Signals and kills: no pod is left behind them after at most one reap."""

import os
import queue
import signal
import threading
import time

import pytest
from fake_runpod import Fault
from lanes_of_tests import mostly_slow
from renting import config, QUICK

from koki2.bursts import Interrupted, run_burst, STEPS
from koki2.bursts.interrupts import Interrupts

CREATE, GET, DELETE = "POST /v2/pods", "GET /v2/pods/ID", "DELETE /v2/pods/ID"
LIST, PRICE = "GET /v2/pods", "GET /v2/catalog/gpus"
REQUESTS = {
    f"{request} {'after' if after else 'before'} it is done": (request, after)
    for request in (CREATE, GET, LIST, DELETE, PRICE)
    for after in (False, True)
}
STOPS = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}
KILLED_AT = (*STEPS, "running")


@pytest.fixture(autouse=True)
def heard():
    """No signal is ignored, whatever started the tests: `&` and nohup ignore some."""
    before = {number: signal.getsignal(number) for number in STOPS}
    for number in STOPS:
        signal.signal(number, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", mostly_slow(STOPS, signal.SIGTERM))
@pytest.mark.parametrize("at", mostly_slow([*STEPS][3:], "run", "delete"))
def test_a_signal_ends_a_burst_and_its_pod(number, at, fake):
    def step(name):
        if name == at:
            signal.raise_signal(number)

    before = signal.getsignal(number)
    with pytest.raises(Interrupted) as stopped:
        run_burst(config(), say=print, pace=QUICK, step=step)
    assert stopped.value.code == STOPS[number]
    assert fake.pods == {} and signal.getsignal(number) is before


@pytest.mark.parametrize("name", mostly_slow(REQUESTS, f"{CREATE} after it is done"))
def test_a_signal_during_a_request_ends_a_burst_and_its_pod(name, fake):
    request, after = REQUESTS[name]
    main = threading.get_ident()
    stop = lambda: signal.pthread_kill(main, signal.SIGTERM)
    fake.faults = [Fault(request, after=after, then=stop)]
    with pytest.raises(Interrupted):
        run_burst(config(), say=print, pace=QUICK)
    assert fake.pods == {}


def test_a_signal_that_is_only_noted_cuts_nothing_short_though_it_cannot_be_said():
    def say(text):
        raise RuntimeError("reentrant call")

    with Interrupts(say) as interrupts:
        interrupts.shield()
        signal.raise_signal(signal.SIGTERM)
    assert interrupts.code == 143


def test_a_signal_that_was_ignored_stays_so():
    """nohup ignores SIGHUP for what it starts."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Interrupts(print) as interrupts:
            signal.raise_signal(signal.SIGHUP)
        assert interrupts.code == 0
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("at", mostly_slow(KILLED_AT, "create", "wait", "running"))
def test_kill_9_at_any_step_leaves_no_pod_that_a_reap_does_not_delete(
    at, fake, client, reaped
):
    foreign = fake.foreign()
    client.stdin.write(f"{at}\n")
    client.stdin.flush()
    pid = int(client.stdout.readline())
    if at == "running":
        while not any(fake.root.glob("*/koki2-burst/src/begun")):
            time.sleep(0.01)
        os.kill(pid, signal.SIGKILL)
    assert int(client.stdout.readline()) == -signal.SIGKILL
    is_rented = at in [*STEPS][5:-1] or at == "running"
    assert len(fake.pods) == 1 + is_rented
    assert len(reaped()) == is_rented
    assert list(fake.pods) == [foreign.id] and reaped() == []


@pytest.mark.parametrize(
    "name", mostly_slow(REQUESTS, "POST /v2/pods after it is done")
)
def test_kill_9_during_a_request(name, fake, client, reaped):
    request, after = REQUESTS[name]
    pids = queue.Queue()
    kill = lambda: os.kill(pids.get(timeout=9), signal.SIGKILL)
    fake.faults = [Fault(request, after=after, then=kill)]
    client.stdin.write("never\n")
    client.stdin.flush()
    pids.put(int(client.stdout.readline()))
    assert int(client.stdout.readline()) == -signal.SIGKILL
    assert len(fake.pods) <= 1
    reaped()
    assert fake.pods == {}
