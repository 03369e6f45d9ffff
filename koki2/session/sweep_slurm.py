"""Pieces of a sweep as jobs of a Slurm cluster, through submitit.

A job runs a piece as a local worker does, under the flags and cache of the process that
submitted it. One that runs out of time, or is preempted, is queued again and goes on
from its checkpoints. The jobs of a sweep have a name made of its folder: a sweep that
is started again finds those that are still there, and waits for them. On the cluster
"local" they are processes of this machine, which end with the one that started them.
"""

import contextlib
import getpass
import os
import pathlib
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TYPE_CHECKING

from koki2 import runlog
from koki2.core.program import DivergedError
from koki2.runlog import atomic, jsontext, lock, opening
from koki2.session import sweep_workers
from koki2.session.printing import printable, say
from koki2.session.signals import Stop
from koki2.session.slurm_config import SlurmConfig
from koki2.session.startup import call
from koki2.session.sweep_cells import Piece
from koki2.session.sweep_workers import Work

if TYPE_CHECKING:
    import submitit

FOLDER = "slurm"
"""Where jobs and their logs are, under the folder of the sweep."""
_POLL = 0.25  # seconds between looks at the signal
_LOOK = 2.0  # between looks at the jobs of a cluster
_QUEUE = 10.0  # between questions to the queue
_PATIENCE = 15.0  # for the result of a job that has ended, on a slow disk
_ARRAY = 1000  # jobs of an array; most clusters take no more
_GRACE = 30.0  # that jobs have to end once they are cancelled
_KEPT = ("JAX_", "XLA_", "NVIDIA_TF32")  # how the variables begin that jobs are given
_LOG = "SUBMITIT_LOG_LEVEL"
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
        return _submitit().helpers.DelayedSubmission(self, piece)


def check(config: SlurmConfig) -> None:
    """Raises InputError where no jobs can be submitted."""
    module = _submitit()
    if config.cluster == "slurm" and module.SlurmExecutor.affinity() < 0:
        raise runlog.InputError(
            "--slurm must be called on a machine of a Slurm cluster, and there is no "
            'srun here; cluster = "local" in the [slurm] table tries jobs without one.'
        )


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
    check(config)
    queue = _Queue(f"koki2-{jsontext.digest(str(out.resolve()))[:10]}", config)
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
    executor = _executor(folder, queue.name, jobs, config)
    submit = lambda some: _submit(executor, job, some)
    failures = _finish(pieces, submit, queue, jobs, stop, look)
    if failures and stop.signal is None:
        raise failures[0]


def _finish(
    pieces: list[Piece],
    submit: "Callable[[Sequence[Piece]], list[submitit.Job[Any]]]",
    queue: "_Queue",
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
        _sleep(_POLL if queue.is_local else _LOOK, stop)
        if stop.signal is not None:
            queue.cancel(running)
            pieces, running = [], []
        patience = 0.0 if queue.is_local else _PATIENCE
        done = [each for each in running if _has_ended(each, ended, patience)]
        look()
        running = [each for each in running if each not in done]
        failures += filter(None, [_failure(each, queue.is_local) for each in done])
    return failures


class _Queue(NamedTuple):
    """The jobs of one sweep, as the cluster knows them: by their name."""

    name: str
    config: SlurmConfig

    @property
    def is_local(self) -> bool:
        return self.config.cluster == "local"

    def wait_for_earlier(self, stop: Stop, look: Callable[[], object]) -> None:
        """Waits until no job of an earlier start is there any more."""
        if self.is_local:  # they ended with the process that submitted them
            return
        is_said = False
        while ids := self._ask("squeue", "--noheader", "--format=%i"):
            if not is_said:
                told = ", ".join(ids.split()[:3])
                say(f"waiting for jobs of an earlier start: {told}", error=True)
                is_said = True
            _sleep(_QUEUE, stop)
            look()
            if stop.signal is not None:
                self.cancel([])
                return

    def cancel(self, running: "Sequence[submitit.Job[Any]]") -> None:
        """Cancels all jobs, and gives them some seconds to end."""
        say("the jobs are cancelled", error=True)
        if self.is_local:
            for each in running:  # its process tells the one that computes
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(each.job_id), signal.SIGTERM)
        else:
            self._ask("scancel")
        left, until = list(running), time.monotonic() + _GRACE
        while time.monotonic() < until:
            left = [each for each in left if not each.done()]
            if not left:
                return
            left[0].done(force_check=True)  # asks about all of them
            time.sleep(_POLL)

    def _ask(self, program: str, *flags: str) -> str:
        """Asks Slurm about the jobs of this name, or cancels them."""
        words = [program, *flags, f"--name={self.name}", f"--user={getpass.getuser()}"]
        try:
            done = subprocess.run(words, capture_output=True, text=True, timeout=120)
        except subprocess.TimeoutExpired as error:
            raise OSError(f"{program} did not answer in {error.timeout} s.") from None
        if done.returncode != 0:
            raise OSError(f"{program} failed: {done.stderr.strip()}")
        return done.stdout.strip()


def _make_folder(out: pathlib.Path) -> pathlib.Path:
    """Makes the folder of these jobs, a new one: nothing in it is a stranger's."""
    opening.check_folder(out / FOLDER)
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    folder = out.resolve() / FOLDER / f"{stamp}_{os.getpid()}"
    atomic.make_folder(folder)
    return folder


def _executor(
    folder: pathlib.Path, name: str, jobs: int, config: SlurmConfig
) -> "submitit.Executor":
    """What submits jobs, so many of which are to run at a time."""
    cluster = config.cluster
    limits = {f"{cluster}_max_num_timeout": config.max_num_timeout}
    executor = _submitit().AutoExecutor(folder, cluster=cluster, **limits)
    executor.update_parameters(
        name=name,
        timeout_min=config.timeout_min,
        cpus_per_task=config.cpus_per_task,
        mem_gb=config.mem_gb,
        gpus_per_node=config.gpus_per_node or None,
        slurm_partition=config.partition,
        slurm_account=config.account,
        slurm_qos=config.qos,
        slurm_constraint=config.constraint,
        slurm_array_parallelism=jobs,
    )
    return executor


def _submit(
    executor: "submitit.Executor", job: PieceJob, pieces: Sequence[Piece]
) -> "list[submitit.Job[Any]]":
    """Submits pieces, as one array of jobs."""
    if not pieces:
        return []
    # Local jobs inherit the mask: Ctrl-C is for this process, which then tells them.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return executor.map_array(job, pieces)
    except RuntimeError as error:  # submitit's, with the words of sbatch
        said = str(error).strip().rpartition("\n")[2]
        raise runlog.InputError(f"the cluster refused the jobs: {said}") from None
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _has_ended(
    job: "submitit.Job[Any]", ended: dict[str, float], patience: float
) -> bool:
    """Whether a job has ended; its result may take so many seconds to be seen here.

    `ended` keeps since when each is known to have ended, by its id.
    """
    if job.paths.result_pickle.exists():
        return True
    if not job.done():
        ended.pop(job.job_id, None)  # it was queued again
        return False
    since = ended.setdefault(job.job_id, time.monotonic())
    return time.monotonic() - since >= patience


def _failure(job: "submitit.Job[Any]", is_local: bool) -> Exception | None:
    """What went wrong in a job that has ended."""
    where = f"job {job.job_id} ({{}}); its log is {job.paths.stderr}"
    kept = "what it acknowledged is kept, and the same command goes on."
    if not job.paths.result_pickle.exists():
        state = "killed" if is_local else job.state
        return OSError(f"{where.format(state)}; {kept}")
    try:
        return job.result()
    except RuntimeError as error:  # submitit's; else a bug, with its traceback
        if "Job not requeued because" not in str(error):
            return error
        return OSError(f"{where.format('out of time')}; {kept}")


def _sleep(seconds: float, stop: Stop) -> None:
    """Waits so long, or until a stop is asked for."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and stop.signal is None:
        time.sleep(_POLL)


def _end_with(out: str, parent: str) -> None:
    """Ends this process once another no longer writes the sweep, kill -9 included."""
    while lock.holder(out) == parent:
        time.sleep(_POLL)
    os._exit(1)


def _submitit() -> Any:
    """The module, which in this process writes no log of its own to stdout."""
    before = os.environ.get(_LOG)
    os.environ[_LOG] = "NOCONFIG"
    try:
        import submitit
    except ImportError:
        raise runlog.InputError(
            "--slurm needs submitit, which is not here: pip install 'koki2[slurm]'."
        ) from None
    finally:
        del os.environ[_LOG]
        if before is not None:
            os.environ[_LOG] = before
    return submitit
