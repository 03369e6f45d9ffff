"""One burst from its beginning to its end: a pod is rented, used, and given back.

Whatever happens between the request for a pod and the end, `finally` deletes it; what
`finally` cannot do, because this process was killed, the watchdog on the pod does at
the deadline, and `koki2 burst reap` (which every burst begins with) does before.
"""

import contextlib
import pathlib
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
from koki2.bursts.rental import Rental, Say
from koki2.bursts.source import Source
from koki2.runlog import folder as run_folder
from koki2.runlog.lock import Lock


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
        burst = _begin(config, pace, api, source, price, step, say)
        with Lock(burst.folder):
            try:
                with _noting(burst.facts, interrupts):
                    _use(burst, *_obtain(burst))
            finally:
                _end(burst)
        if interrupts.code:
            raise Interrupted(interrupts.code - 128)
    return burst.folder


def _begin(
    config: BurstConfig,
    pace: Pace,
    api: RunPod,
    source: Source,
    price: Price,
    step: Say,
    say: Say,
) -> Rental:
    """Makes the folder of a burst; its time runs from now."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    folder = run_folder.make_numbered(config.root, stamp)
    lease = leases.make(hours=config.hours, max_usd=config.max_usd, url=api.url)
    return Rental(
        config=config,
        pace=pace,
        api=api,
        folder=folder,
        source=source,
        lease=lease,
        facts=record.describe(config, source, price, lease),
        step=step,
        say=say,
        ends=time.monotonic() + config.hours * 3600,
        usd_per_hour=price.usd_per_hour * config.gpu_count,
    )


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
    config, folder = burst.config, burst.folder
    on_pod = lambda command: shell.on_pod(folder, endpoint, command)
    burst.step("upload")
    upload, bundle = planning.upload_command(), folder / sources.BUNDLE
    shell.call(on_pod(upload), stdin=bundle, timeout=burst.left)
    burst.step("prepare")
    limit = min(burst.pace.prepare, burst.left)
    shell.call(on_pod(planning.prepare_command(config)), timeout=limit)
    burst.step("run")
    job.start(config, folder, endpoint)
    end = job.wait(burst, pod_id, endpoint)
    burst.facts["exit code"] = "stopped: time was over" if end == job.RUNNING else end
    burst.step("fetch")
    job.stop(folder, endpoint)
    problems = _fetch(burst, endpoint)
    if end == job.RUNNING:
        problems.insert(0, f"the command must end within {config.hours:g} hours.")
    elif end == job.LOST:
        problems.insert(0, "the command must say how it ended, and is gone.")
    elif end != "0":
        log = folder / "stderr.log"
        problems.insert(0, f"the command ended with {end}; see {log}.")
    if problems:
        raise BurstError("\n".join(problems))


def _fetch(burst: Rental, endpoint: Endpoint) -> list[str]:
    """Brings logs and files; what is missing is a problem, and no reason to stop."""
    left = lambda: max(shell.CALL, burst.left)
    problems = []
    if not retrieval.bring_logs(burst.folder, endpoint, left()):
        problems.append("what the command printed last could not be brought here.")
    if burst.config.fetch:
        try:
            sums = retrieval.fetch(burst.folder, endpoint, burst.config.fetch, left)
        except BurstError as error:
            return [*problems, str(error)]
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
    """Deletes the pod, sees that it is gone, and writes the manifest.

    Each is done whatever the others raise, as a caller's `step` whose terminal is gone.
    """
    with contextlib.ExitStack() as last_first:
        last_first.callback(_record, burst)
        last_first.callback(burst.step, "record")
        last_first.callback(_give_back, burst)
        burst.step("delete")


def _give_back(burst: Rental) -> None:
    """Deletes the pod, if one was asked for, and notes what came of it."""
    if burst.began is None:  # there is nothing to look for
        (burst.folder / leases.FILE).unlink(missing_ok=True)
        shell.remove_key(burst.folder)
        burst.facts["tear-down"] = "no pod was asked for"
        return
    try:
        burst.lease = teardown.release(
            burst.api,
            burst.folder,
            burst.lease,
            burst.pace,
            settle=burst.settle,
            own=burst.lease.pod,
        )
    except BurstError as error:
        burst.facts["tear-down"] = error
        if burst.facts["problem"] is not None:
            error.add_note(f"  before that: {burst.facts['problem']}")
        raise
    burst.facts["tear-down"] = burst.lease.closed


def _record(burst: Rental) -> None:
    """Writes the manifest, and removes what only went up."""
    if burst.began is not None:
        seconds = time.time() - burst.began
        burst.facts["seconds held"] = round(seconds)
        usd = burst.usd_per_hour * seconds / 3600
        burst.facts["spent"] = f"about ${usd:.2g}"
    burst.facts["ended"] = record.now()
    record.write(burst.folder, burst.facts)
    sources.remove(burst.folder)
