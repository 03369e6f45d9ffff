"""Pieces of a sweep as jobs of a Slurm cluster, through submitit.

A job runs a piece as a local worker does, under the flags and cache of the process that
submitted it. One that runs out of time, or is preempted, is queued again and goes on
from its checkpoints. The jobs of a sweep have a name made of its folder: a sweep that
is started again finds those that are still there, and waits for them. On the cluster
"local" they are processes of this machine, which end with the one that started them.
"""

import os
import pathlib
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TYPE_CHECKING

from koki2 import runlog
from koki2.core.program import DivergedError
from koki2.runlog import atomic, jsontext, lock, opening
from koki2.session import slurm_jobs, sweep_workers
from koki2.session.printing import printable, say
from koki2.session.signals import Stop
from koki2.session.slurm_config import SlurmConfig
from koki2.session.slurm_jobs import POLL, Queue
from koki2.session.startup import call
from koki2.session.sweep_cells import Piece
from koki2.session.sweep_workers import Work

if TYPE_CHECKING:
    import submitit

FOLDER = "slurm"
"""Where jobs and their logs are, under the folder of the sweep."""
_LOOK = 2.0  # seconds between looks at the jobs of a cluster
_ARRAY = 1000  # jobs of an array; most clusters take no more
_KEPT = ("JAX_", "XLA_", "NVIDIA_TF32")  # how the variables begin that jobs are given
_FAULTS = (runlog.InputError, runlog.BrokenRunError, DivergedError, OSError)


class PieceJob(NamedTuple):
    """What a job runs; submitit pickles it, and queues it again after a timeout."""

    work: Work
    argv: list[str]
    """The command line of the sweep."""
    variables: dict[str, str]
    """Those of the environment under which the sweep computes."""
    parent: tuple[str, str] | None
    """The folder of the sweep, and which process is writing it, with which the job
    ends; None: it does not."""

    def __call__(self, piece: Piece) -> Exception | None:
        """Runs a piece, and returns what went wrong that is no bug."""
        for name in [name for name in os.environ if name.startswith(_KEPT)]:
            del os.environ[name]
        os.environ.update(self.variables)
        if self.parent is not None:
            watch = threading.Thread(target=_end_with, args=self.parent, daemon=True)
            watch.start()
        sweep_workers.prepare(self.argv)
        with Stop(owns_process=True) as stop:
            try:
                self.work(piece, stop)
            except _FAULTS as error:
                return error
            if stop.signal is not None:
                return OSError(f"a job was told to stop by signal {stop.signal}.")
        return None

    def checkpoint(self, piece: Piece) -> "submitit.helpers.DelayedSubmission":
        """What is queued again: the same, for its runs are resumed."""
        return slurm_jobs.submitit_module().helpers.DelayedSubmission(self, piece)


def run_jobs(
    cut: Callable[[], Sequence[Piece]],
    work: Work,
    *,
    out: pathlib.Path,
    jobs: int,
    config: SlurmConfig,
    stop: Stop,
    look: Callable[[], object],
) -> None:
    """Runs pieces as jobs, and waits for them.

    Args:
      cut: gives the pieces, once no earlier job of this sweep is there any more.
      work: runs one.
      out: the folder of the sweep, which all machines must see.
      jobs: how many run at a time.
      config: what each job is given.
      stop: tells whether to stop; the jobs are then cancelled, and their runs stand at
        their checkpoints.
      look: called now and then, to say what cells have come to.

    Raises:
      InputError: submitit is missing, or the cluster refused the jobs.
      OSError: a job was killed or ran out of time once too often; the others were
        waited for.
      Exception: what a job raised that failed first; so were the others.
    """
    slurm_jobs.check(config)
    queue = Queue(f"koki2-{jsontext.digest(str(out.resolve()))[:10]}", config)
    queue.wait_for_earlier(stop, look)
    pieces = list(cut())
    if not pieces or stop.signal is not None:
        return
    folder = _make_folder(out)
    job = PieceJob(
        work,
        list(call.get().argv),
        {n: value for n, value in os.environ.items() if n.startswith(_KEPT)},
        (str(out.resolve()), lock.holder(out) or "") if queue.is_local else None,
    )
    say(f"{len(pieces)} jobs; their logs are in {printable(folder)}", error=True)
    executor = slurm_jobs.make_executor(folder, queue.name, jobs, config)
    submit = lambda some: slurm_jobs.submit(executor, job, some)
    failures = _finish(pieces, submit, queue, jobs, stop, look)
    if failures and stop.signal is None:
        raise failures[0]


def _finish(
    pieces: list[Piece],
    submit: "Callable[[Sequence[Piece]], list[submitit.Job[Any]]]",
    queue: Queue,
    jobs: int,
    stop: Stop,
    look: Callable[[], object],
) -> list[Exception]:
    """Submits pieces and waits for their jobs; returns what went wrong in them."""
    failures: list[Exception] = []
    running: list[submitit.Job[Any]] = []
    ended: dict[str, float] = {}
    while pieces or running:
        if queue.is_local:
            room = jobs - len(running)
        else:  # which starts so many of an array by itself
            room = 0 if running else _ARRAY
        running += submit(pieces[:room])
        del pieces[:room]
        slurm_jobs.sleep(POLL if queue.is_local else _LOOK, stop)
        if stop.signal is not None:
            queue.cancel(running)
            pieces, running = [], []
        done = [
            each
            for each in running
            if slurm_jobs.has_ended(each, ended, queue.is_local)
        ]
        look()
        running = [each for each in running if each not in done]
        failures += filter(
            None, [slurm_jobs.failure(each, queue.is_local) for each in done]
        )
    return failures


def _make_folder(out: pathlib.Path) -> pathlib.Path:
    """Makes the folder of these jobs, a new one: nothing in it is a stranger's."""
    opening.check_folder(out / FOLDER)
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    folder = out.resolve() / FOLDER / f"{stamp}_{os.getpid()}"
    atomic.make_folder(folder)
    return folder


def _end_with(out: str, parent: str) -> None:
    """Ends this process once another no longer writes the sweep, kill -9 included."""
    while lock.holder(out) == parent:
        time.sleep(POLL)
    os._exit(1)
