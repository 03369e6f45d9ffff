"""Which pods a reap deletes, and which it does not touch."""

import dataclasses
import threading
import time

import pytest
from fake_runpod import Fault
from renting import config, QUICK

from koki2.bursts import (
    BurstError,
    bursts,
    lease as leases,
    reap,
    run_burst,
    RunPod,
    STEPS,
)
from koki2.runlog.lock import Lock


@pytest.fixture
def root(small_checkout, fake):
    path = small_checkout / "runs" / "runpod_burst"
    path.mkdir(parents=True)
    return path


@pytest.fixture
def leased(root, fake):
    """A lease with its pod, as a burst leaves them that was killed."""

    def call(folder="one", hours=1.0, url=None):
        lease = leases.make(hours=hours, max_usd=1.0, url=url or fake.url)
        pod = fake.foreign(lease.name)
        lease = dataclasses.replace(lease, pod=pod.id)
        (root / folder).mkdir()
        leases.write(root / folder, lease)
        return pod, lease

    return call


def test_a_lease_that_no_process_holds_loses_its_pod(fake, leased, reaped, root):
    foreign, (pod, _) = fake.foreign(), leased()
    assert reaped() == [pod.id] and list(fake.pods) == [foreign.id]
    assert leases.read(root / "one").closed.startswith("deleted, seen to be gone at")
    assert reaped() == []


def test_a_burst_that_runs_is_left_alone_until_long_after_its_deadline(
    fake, leased, reaped, root, monkeypatch
):
    pod, lease = leased()
    with Lock(root / "one"):
        assert reaped() == [] and list(fake.pods) == [pod.id]
        monkeypatch.setattr(time, "time", lambda: lease.deadline + 601.0)
        assert reaped() == [pod.id]


def test_a_reap_at_any_step_leaves_a_living_burst_alone(fake, reaped):
    """As another burst begins with one, or cron."""
    reaps = []
    step = lambda name: reaps.append((name, reaped()))
    run_burst(config(), say=print, pace=QUICK, step=step)
    assert reaps == [(name, []) for name in STEPS] and fake.pods == {}


def test_without_a_lease_the_name_says_when_a_pod_is_overdue(fake, reaped):
    foreign = fake.foreign("koki2-burst-mine")  # not as ours are called
    due = fake.foreign(leases.make(hours=1.0, max_usd=1.0, url="").name)
    overdue = fake.foreign(leases.make(hours=-0.1, max_usd=1.0, url="").name)
    assert reaped() == [overdue.id]
    assert set(fake.pods) == {foreign.id, due.id}
    assert reaped(elsewhere=True) == [due.id] and list(fake.pods) == [foreign.id]


def test_a_lease_that_names_another_pod_does_not_delete_it(fake, leased, reaped, root):
    foreign, (pod, lease) = fake.foreign(), leased()
    leases.write(root / "one", dataclasses.replace(lease, pod=foreign.id))
    assert reaped() == [pod.id], "the one that is called after it"
    assert list(fake.pods) == [foreign.id]


def test_a_pod_that_comes_late_is_deleted_though_its_lease_is_closed(
    fake, leased, reaped, root
):
    lease = leases.make(hours=1.0, max_usd=1.0, url=fake.url)
    (root / "late").mkdir()
    leases.write(root / "late", lease)
    assert reaped() == []
    assert leases.read(root / "late").closed.startswith("none found")
    pod = fake.foreign(lease.name)
    assert reaped() == [pod.id]


def test_a_reap_right_after_a_kill_waits_for_a_pod_that_was_asked_for(
    fake, root, reaped
):
    lease = leases.make(hours=1.0, max_usd=1.0, url=fake.url)
    (root / "killed").mkdir()
    leases.write(root / "killed", lease)
    later = threading.Timer(0.3, fake.foreign, [lease.name])
    later.start()
    try:
        reaped(pace=dataclasses.replace(QUICK, settle=5.0))
    finally:
        later.join()
    assert fake.pods == {} and leases.read(root / "killed").closed is not None


def test_leases_that_vanish_or_cannot_be_read_do_not_save_the_others(
    fake, leased, root, monkeypatch
):
    """As where another burst ends before it has asked for a pod."""
    pod, _ = leased("one")
    (root / "two").mkdir()
    (root / "two" / "lease.json").write_text("{}")
    read, said = leases.read, []

    def refuse(folder):
        if folder.name == "two":
            raise PermissionError(13, "Permission denied", str(folder))
        return read(folder)

    there = [root / "none", *leases.folders(root)]
    monkeypatch.setattr(leases, "folders", lambda root: there)
    monkeypatch.setattr(leases, "read", refuse)
    with RunPod(QUICK) as api:
        assert [b.pod.id for b in reap(api, root, QUICK, said.append)] == [pod.id]
    assert fake.pods == {}
    assert any("Permission denied" in text for text in said)
    assert not any("none" in text for text in said)


def test_of_two_pods_of_one_name_both_are_deleted_and_neither_saves_the_other(
    fake, leased, reaped, root
):
    name = leases.make(hours=-0.1, max_usd=1.0, url="").name
    overdue = {fake.foreign(name).id, fake.foreign(name).id}
    assert set(reaped()) == overdue and fake.pods == {}
    (stays, lease), goes = leased(), None
    goes = fake.foreign(lease.name)
    fake.faults = [Fault(f"DELETE /v2/pods/{stays.id}", times=999)]
    with pytest.raises(BurstError, match="must be gone"):
        reaped(pace=dataclasses.replace(QUICK, gone=0.2))
    assert list(fake.pods) == [stays.id] and goes.id not in fake.pods


def test_leases_of_another_server_and_broken_ones_are_passed_over(
    fake, leased, reaped, root
):
    one, _ = leased("one")
    other = leases.make(hours=1.0, max_usd=1.0, url="https://api.runpod.io")
    (root / "two").mkdir()
    leases.write(root / "two", other)
    (root / "three").mkdir()
    (root / "three" / "lease.json").write_text("{}")
    said = []
    with RunPod(QUICK) as api:
        assert [b.pod.id for b in reap(api, root, QUICK, said.append)] == [one.id]
    assert leases.read(root / "two").closed is None
    assert "three/lease.json must be a lease of koki2 burst" in "".join(said)


def test_one_pod_that_stays_does_not_save_the_others(fake, leased, root):
    stays, _ = leased("one")
    goes, _ = leased("two")
    fake.faults = [Fault(f"DELETE /v2/pods/{stays.id}", times=999)]
    with RunPod(QUICK) as api:
        with pytest.raises(BurstError, match=f"pod {stays.id} must be gone"):
            reap(api, root, dataclasses.replace(QUICK, gone=0.2), print)
        assert list(fake.pods) == [stays.id] and goes.id not in fake.pods
        (left,) = bursts(api, root, print)
    assert (left.state, left.pod.id) == ("orphan", stays.id)


def test_a_list_in_pages_is_read_to_its_end(fake, leased, reaped):
    pods = {leased(f"{number}")[0].id for number in range(5)}
    fake.page = 2
    assert set(reaped()) == pods and fake.pods == {}
