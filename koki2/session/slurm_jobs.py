"""Jobs of a cluster as submitit and Slurm know them: submitted, asked about, cancelled.

The jobs of one sweep have one name, by which Slurm is asked about all of them. On the
cluster "local" they are processes of this machine.
"""

import contextlib
import os
import pathlib
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TYPE_CHECKING

from koki2 import runlog
from koki2.session.printing import say
from koki2.session.signals import Stop
from koki2.session.slurm_config import SlurmConfig
from koki2.session.sweep_cells import Piece

if TYPE_CHECKING:
    import submitit

POLL = 0.25
"""Seconds between looks at the signal."""
_QUEUE = 10.0  # between questions to the queue
_GRACE = 30.0  # that jobs have to end once they are cancelled
_PATIENCE = 15.0  # for the result of a job that has ended, on a slow disk
_LOG = "SUBMITIT_LOG_LEVEL"


def check(config: SlurmConfig) -> None:
    """Raises InputError where no jobs can be submitted."""
    module = submitit_module()
    if config.cluster == "slurm" and module.SlurmExecutor.affinity() < 0:
        raise runlog.InputError(
            "--slurm must be called on a machine of a Slurm cluster, and there is no "
            'srun here; cluster = "local" in the [slurm] table tries jobs without one.'
        )


class Queue(NamedTuple):
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
                first_ids = ", ".join(ids.split()[:3])
                say(f"waiting for jobs of an earlier start: {first_ids}", error=True)
                is_said = True
            sleep(_QUEUE, stop)
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
            time.sleep(POLL)

    def _ask(self, program: str, *flags: str) -> str:
        """Asks Slurm about the jobs of this name, or cancels them."""
        words = [program, *flags, f"--name={self.name}", f"--user={os.getuid()}"]
        try:
            done = subprocess.run(words, capture_output=True, text=True, timeout=120)
        except subprocess.TimeoutExpired as error:
            raise OSError(f"{program} did not answer in {error.timeout} s.") from None
        if done.returncode != 0:
            raise OSError(f"{program} failed: {done.stderr.strip()}")
        return done.stdout.strip()


def make_executor(
    folder: pathlib.Path, name: str, jobs: int, config: SlurmConfig
) -> "submitit.Executor":
    """What submits jobs, so many of which are to run at a time."""
    cluster = config.cluster
    limits = {f"{cluster}_max_num_timeout": config.max_num_timeout}
    executor = submitit_module().AutoExecutor(folder, cluster=cluster, **limits)
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


def submit(
    executor: "submitit.Executor",
    run: Callable[[Piece], Exception | None],
    pieces: Sequence[Piece],
) -> "list[submitit.Job[Any]]":
    """Submits what runs a piece, for each of some pieces, as one array of jobs."""
    if not pieces:
        return []
    # Local jobs inherit the mask: Ctrl-C is for this process, which then tells them.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return executor.map_array(run, pieces)
    except RuntimeError as error:  # submitit's, with the words of sbatch
        last_line = str(error).strip().rpartition("\n")[2]
        raise runlog.InputError(f"the cluster refused the jobs: {last_line}") from None
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def has_ended(
    job: "submitit.Job[Any]", ended: dict[str, float], is_local: bool
) -> bool:
    """Whether a job has ended; its result may take some seconds to be seen here.

    `ended` keeps since when each is known to have ended, by its id.
    """
    if job.paths.result_pickle.exists():
        return True
    if not job.done():
        ended.pop(job.job_id, None)  # it was queued again
        return False
    since = ended.setdefault(job.job_id, time.monotonic())
    return is_local or time.monotonic() - since >= _PATIENCE


def failure(job: "submitit.Job[Any]", is_local: bool) -> Exception | None:
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


def sleep(seconds: float, stop: Stop) -> None:
    """Waits so long, or until a stop is asked for."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and stop.signal is None:
        time.sleep(POLL)


def submitit_module() -> Any:
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
