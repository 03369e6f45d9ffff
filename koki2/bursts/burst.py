"""One burst from its beginning to its end: a pod is rented, used, and given back.

Whatever happens between the request for a pod and the end, `finally` deletes it; what
`finally` cannot do, because this process was killed, the watchdog on the pod does at
the deadline, and `koki2 burst reap` (which every burst begins with) does before.
"""

import contextlib
import pathlib
import shlex
import time
from collections.abc import Generator

from koki2.bursts import (
    job,
    lease as leases,
    planning,
    reaping,
    record,
    rental as rentals,
    retrieval,
    shell,
    source as sources,
    teardown,
)
from koki2.bursts.api import Endpoint, Price, RunPod
from koki2.bursts.configs import BurstConfig, Pace
from koki2.bursts.errors import BurstError, Interrupted
from koki2.bursts.interrupts import Interrupts
from koki2.bursts.lease import Lease
from koki2.bursts.rental import Rental, Say
from koki2.bursts.source import Source
from koki2.runlog import folder as run_folder
from koki2.runlog.lock import Lock

_CALL = 60.0  # seconds for a short command on the pod


def run_burst(
    config: BurstConfig,
    *,
    say: Say,
    pace: Pace | None = None,
    step: Say = lambda name: None,
) -> pathlib.Path:
    """Rents a pod, runs a command on it, brings files back, and deletes the pod.

    Args:
      config: what to run, where, and for how much.
      say: tells people what happens.
      pace: how long to wait for what.
      step: called with the name of each step (`planning.STEPS`) as it begins.

    Returns:
      The folder with manifest.txt, stdout.log, stderr.log and what was fetched.

    Raises:
      InputError: it cannot be done as asked; nothing costs anything.
      BurstError: the command failed, or something on the way to it; the pod is gone,
        unless the error says that it may still be there.
      Interrupted: a signal stopped it; the pod is gone.
    """
    pace = pace or Pace()
    planning.check_given(config, pace)
    shell.check_programs()
    with Interrupts(say) as interrupts, RunPod(pace) as api:
        source = sources.find(config)
        step("reap")
        reaping.reap(api, config.root, pace, say)
        step("price")
        price = planning.find_price(api, config)
        lease = leases.make(hours=config.hours, max_usd=config.max_usd, url=api.url)
        burst = Rental(
            config=config,
            pace=pace,
            api=api,
            folder=run_folder.make_numbered(
                config.root, time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
            ),
            source=source,
            lease=lease,
            facts=_facts(config, source, price, lease),
            step=step,
            say=say,
        )
        with Lock(burst.folder):
            try:
                with _noting(burst.facts, interrupts):
                    _use(burst, *_obtain(burst))
            finally:
                _end(burst)
        if interrupts.code:
            raise Interrupted(interrupts.code - 128)
    return burst.folder


def _obtain(burst: Rental) -> tuple[str, Endpoint]:
    """From the archive to a pod that can be used: its id, and where to reach it."""
    burst.step("source")
    sources.bundle(burst.source, burst.folder)
    burst.step("lease")
    leases.write(burst.folder, burst.lease)
    burst.step("create")
    pod = rentals.create(burst)
    burst.step("wait")
    endpoint = rentals.wait(burst, pod.id)
    burst.step("reach")
    rentals.reach(burst, endpoint)
    burst.step("guard")
    rentals.guard(burst, endpoint)
    return pod.id, endpoint


def _use(burst: Rental, pod_id: str, endpoint: Endpoint) -> None:
    """Runs the command on a pod and brings back what it left.

    Raises:
      BurstError: it failed, or something on the way.
    """
    config, folder, pace = burst.config, burst.folder, burst.pace
    on_pod = lambda command: shell.on_pod(folder, endpoint, command)
    burst.step("upload")
    upload, bundle = planning.upload_command(), folder / sources.BUNDLE
    shell.call(on_pod(upload), stdin=bundle, timeout=burst.left)
    burst.step("prepare")
    limit = min(pace.prepare, burst.left)
    shell.call(on_pod(planning.prepare_command(config)), timeout=limit)
    burst.step("run")
    job.start(config, folder, endpoint)
    until = burst.lease.deadline - pace.reserve
    code = job.wait(burst.api, pod_id, folder, endpoint, pace, until)
    burst.facts["exit code"] = "stopped: time was over" if code is None else code
    burst.step("fetch")
    if code is None:
        job.stop(folder, endpoint)
    problems = _fetch(burst, endpoint)
    if code is None:
        problems.insert(0, f"the command must end within {config.hours:g} hours.")
    elif code:
        log = folder / "stderr.log"
        problems.insert(0, f"the command ended with {code}; see {log}.")
    if problems:
        raise BurstError("\n".join(problems))


def _fetch(burst: Rental, endpoint: Endpoint) -> list[str]:
    """Brings logs and files; what is missing is a problem, and no reason to stop."""
    left = max(_CALL, burst.left)
    problems = []
    if not retrieval.bring_logs(burst.folder, endpoint, left):
        problems.append("what the command printed last could not be brought here.")
    if burst.config.fetch:
        sums = retrieval.fetch(burst.folder, endpoint, burst.config.fetch, left)
        burst.facts["fetched"] = f"{len(sums.sha256)} files, every SHA-256 checked"
        problems += [f"--fetch {p} is not there on the pod." for p in sums.missing]
    return problems


@contextlib.contextmanager
def _noting(facts: dict[str, object], interrupts: Interrupts) -> Generator[None]:
    """Puts into the facts what went wrong, and lets no signal into what follows."""
    try:
        try:
            yield
        finally:
            interrupts.shield()
    except Interrupted as error:
        facts["problem"] = f"a signal stopped it ({error.code})"
        raise
    except BaseException as error:
        facts["problem"] = str(error) or type(error).__name__
        raise


def _end(burst: Rental) -> None:
    """Deletes the pod, sees that it is gone, and writes the manifest."""
    burst.step("delete")
    asked = burst.began is not None
    try:
        if asked:
            burst.lease = teardown.release(
                burst.api, burst.folder, burst.lease, burst.pace, settle=burst.settle
            )
    except BurstError as error:
        burst.facts["tear-down"] = error
        if burst.facts["problem"] is not None:
            error.add_note(f"  before that: {burst.facts['problem']}")
        raise
    else:
        closed = burst.lease.closed if asked else "no pod was asked for"
        burst.facts["tear-down"] = closed
        if not asked:  # nothing to look for
            (burst.folder / leases.FILE).unlink(missing_ok=True)
    finally:
        sources.remove(burst.folder)
        if burst.began is not None:
            seconds = time.time() - burst.began
            burst.facts["seconds held"] = round(seconds)
            usd = burst.usd_per_hour * seconds / 3600
            burst.facts["spent"] = f"about ${usd:.2g}"
        burst.facts["ended"] = record.now()
        burst.step("record")
        record.write(burst.folder, burst.facts)


def _facts(
    config: BurstConfig, source: Source, price: Price, lease: Lease
) -> dict[str, object]:
    usd = price.usd_per_hour * config.gpu_count
    return {
        "burst": lease.name,
        "began": record.now(),
        "commit": source.commit,
        "dirty": "yes, see dirty.patch" if source.is_dirty else "no",
        "lock": f"{config.lock} sha256 {source.lock_sha256}" if config.lock else None,
        "gpu": f"{config.gpu_count} x {config.gpu_type}, {config.cloud} cloud",
        "image": config.image,
        "command": shlex.join(config.words),
        "fetch": shlex.join(config.fetch) or None,
        "price": f"${usd:.4g} an hour, ${usd * config.hours:.4g} in {config.hours:g} h",
        "cap": f"${config.max_usd:g}",
        "pod": None,
        "cost": None,
        "watchdog": None,
        "exit code": None,
        "fetched": None,
        "problem": None,
        "tear-down": None,
    }
