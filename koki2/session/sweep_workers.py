"""Processes that take pieces of a sweep: one here, or several beside this one.

Which process runs a piece changes no bit of it. A worker prepares JAX as the command
line does, under the flags and cache of the process that started it. It ends with that
process, kill -9 included, so that a sweep started again finds no writer.
"""

import concurrent.futures as futures
import multiprocessing
import multiprocessing.connection
import multiprocessing.synchronize
import os
import signal
import threading
from collections.abc import Callable, Sequence

from koki2.session import processes, startup
from koki2.session.signals import Stop
from koki2.session.sweep_cells import Piece

Work = Callable[[Piece, Stop], None]
"""Runs a piece until it is done or a stop is asked for; picklable."""

_POLL = 0.1  # seconds between looks at the signal

# Of this worker; never entered, a thread tells it. The parent says what people read.
_stop = Stop(owns_process=True, say=lambda text: None)


def run_pieces(pieces: Sequence[Piece], work: Work, jobs: int, stop: Stop) -> None:
    """Runs pieces in `jobs` processes, or in this one if that is 1.

    Args:
      pieces: what to run.
      work: runs one.
      jobs: number of processes.
      stop: tells whether to stop; pieces that run then end within seconds.

    Raises:
      OSError: a worker was killed.
      Exception: what the first piece raised that failed; the others are stopped.
    """
    if jobs == 1 or len(pieces) < 2:
        for piece in pieces:
            if not processes.any_signal(stop):
                work(piece, stop)
        return
    context = multiprocessing.get_context("spawn")  # JAX does not survive a fork
    halt = context.Event()
    with futures.ProcessPoolExecutor(
        min(jobs, len(pieces)),
        mp_context=context,
        initializer=_begin,
        initargs=(halt, list(startup.call.get().argv)),
    ) as pool:
        try:
            waiting = {pool.submit(_work, work, piece) for piece in pieces}
            while waiting:
                done, waiting = futures.wait(
                    waiting, _POLL, return_when=futures.FIRST_COMPLETED
                )
                for future in done:
                    future.result()
                if stop.signal is not None:
                    halt.set()
        except futures.BrokenExecutor as error:
            if stop.signal is None:
                raise OSError(
                    "a worker process was killed; what it acknowledged is kept, and "
                    "the same command goes on."
                ) from error
        finally:
            halt.set()


def prepare(argv: Sequence[str]) -> None:
    """Prepares JAX in a process that runs pieces for another.

    Args:
      argv: the command line of the other, which its environment is of already.
    """
    startup.call.set(startup.Call(argv=argv, was_restarted=True))
    startup.prepare(startup.XlaOptions(), startup.JaxOptions())


def _work(work: Work, piece: Piece) -> None:
    if _stop.signal is None:
        work(piece, _stop)


def _begin(halt: multiprocessing.synchronize.Event, argv: list[str]) -> None:
    """Prepares a worker process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent receives it, and says so
    prepare(argv)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    threading.Thread(target=_hear, args=(halt,), daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)


def _hear(halt: multiprocessing.synchronize.Event) -> None:
    halt.wait()
    _stop.hear(signal.SIGTERM)
