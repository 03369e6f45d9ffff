"""The driver: takes a program from where it stands to the end of its run folder.

A chunk is one call into JAX. While the rows and the state of one go to disk, the next
is computed: the host has its copy before the next is dispatched, so that a state may be
used up by it. What goes to disk depends on config and seed alone, and the wall clock to
timing.jsonl; so a run that was killed and resumed ends in the very files of one that
was never stopped.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from koki2 import runlog
from koki2.core.program import DivergedError, Program
from koki2.session.kinds import Kind
from koki2.session.signals import Stop

Rows = list[dict[str, Any]]


class Chunk(NamedTuple):
    """A computed chunk, on the host."""

    done: int
    """Units done, from the beginning of the run."""
    rows: dict[str, Rows]
    """By stream."""
    state: dict[str, Any]
    """The packed state after it."""
    seconds: float
    """From the end of the chunk before, in which other things may have been done."""


class Sink(NamedTuple):
    """Something that is told of every chunk, after the run folder has it."""

    chunk: Callable[[Chunk], None]
    close: Callable[[], None] = lambda: None


def finish(
    run: runlog.Run,
    program: Program,
    kind: Kind,
    stop: Stop,
    *,
    sinks: Sequence[Sink] = (),
) -> bool:
    """Runs what is left of a run, and says whether it is complete.

    Not complete means that a signal came: the chunk under way was finished, and its
    checkpoint written, before this returned.

    Args:
      run: the run, started or resumed.
      program: that of its config and seed.
      kind: of the run.
      stop: tells whether to stop.
      sinks: told of every chunk.

    Raises:
      BrokenRunError: the run's checkpoint is not one of this program.
      OSError: the disk refused; the run can be resumed.
      DivergedError: the search diverged; the run stands at its last good state.
    """
    try:
        carry = _where_it_stands(run, program)
        last: dict[str, Any] | None = None
        for chunk, newest in chunks(program, carry, lambda: stop.signal is None):
            carry = newest
            _write(run, kind, chunk)
            for sink in sinks:
                sink.chunk(chunk)
            last = chunk.rows["metrics"][-1]
        if program.done(carry) < program.total:
            return False
        _complete(run, program, kind, carry, last)
        return True
    except OSError as error:
        error.add_note(f"What was acknowledged is kept: koki2 resume {run.path}")
        raise
    except DivergedError as error:
        error.add_note(
            f"The last state that was good is kept, and the run is not complete: "
            f"{run.path}"
        )
        raise
    finally:
        for sink in sinks:
            sink.close()


def chunks(
    program: Program, carry: Any, go_on: Callable[[], bool] = lambda: True
) -> Iterator[tuple[Chunk, Any]]:
    """Yields the chunks from `carry` on, each while the next is being computed.

    Args:
      program: what to run.
      carry: its state; used up.
      go_on: asked before a chunk is dispatched; none is once it says no.

    Yields:
      A chunk, and the newest state: that after the chunk that is being computed, or
      after the last.
    """
    import jax

    ready: tuple[int, Any, dict[str, Any], float] | None = None
    mark = time.perf_counter()
    done = program.done(carry)
    while True:
        running = None
        if done < program.total and go_on():
            carry, running = program.chunk(carry, program.total - done)
        if ready is not None:
            count, columns, state, seconds = ready
            ready = None  # so that no more than two copies of a state are held
            yield Chunk(count, host_rows(columns), state, seconds), carry
        if running is None:
            return
        columns = jax.device_get(running)  # waits for the chunk
        done, state = program.done(carry), program.pack(carry)
        before, mark = mark, time.perf_counter()
        ready = (done, columns, state, mark - before)


def host_rows(columns: Any) -> dict[str, Rows]:
    """Turns the columns of a chunk, on the host, into rows by stream."""
    from koki2.core.columns import rows

    return {name: rows(stream) for name, stream in columns.items()}


def _write(run: runlog.Run, kind: Kind, chunk: Chunk) -> None:
    for stream, rows in chunk.rows.items():
        run.append(rows, stream)
    run.checkpoint(chunk.done, chunk.state, {kind.unit: chunk.done})
    run.timing(**{kind.unit: chunk.done, "seconds": chunk.seconds})


def _complete(
    run: runlog.Run,
    program: Program,
    kind: Kind,
    carry: Any,
    last: dict[str, Any] | None,
) -> None:
    done = program.done(carry)
    if last is None:  # killed just after its last checkpoint, maybe before it tidied up
        run.checkpoint(done, program.pack(carry), {kind.unit: done})
    for name, arrays in program.artifacts(carry).items():
        run.save_artifact(name, arrays)
    row = last or _last_row(run)
    plain = {name: v for name, v in row.items() if not isinstance(v, list)}
    run.finish({f"{kind.unit}s": done, **plain})


def _where_it_stands(run: runlog.Run, program: Program) -> Any:
    if run.restored is None:
        return program.init()
    misfit = f"the checkpoint of {run.path} should fit its config, but "
    with runlog.raising(runlog.BrokenRunError, misfit):
        return program.unpack(run.restored.arrays)


def _last_row(run: runlog.Run) -> dict[str, Any]:
    newest = deque(runlog.read_rows(run.path), maxlen=1)
    return newest[0] if newest else {}
