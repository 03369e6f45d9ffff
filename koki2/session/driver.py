"""The driver: takes a program from where it stands to the end of its run folder.

A chunk is one call into JAX, or several where its units are slow (`slices`), so that a
signal need not wait for all of it. While the rows and the state of one go to disk, the
next is begun: the host has its copy before the next is dispatched, so that a state may
be used up by it. What goes to disk are whole chunks, which depend on config and seed
alone, and the wall clock to timing.jsonl; so a run that was killed and resumed ends in
the very files of one that was never stopped.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from koki2 import runlog
from koki2.core.program import DivergedError, is_at_end, Program
from koki2.session import processes, slices as slices_
from koki2.session.follower import AnyRun
from koki2.session.kinds import Kind
from koki2.session.signals import Stop
from koki2.session.slices import Slices

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
    run: AnyRun,
    program: Program,
    kind: Kind,
    stop: Stop,
    *,
    sinks: Sequence[Sink] = (),
    cut: Callable[[], Slices] = slices_.by_clock,
) -> bool:
    """Runs what is left of a run, and says whether it is complete.

    Not complete means that a signal came. What of a chunk was computed by then is
    dropped, and the run stands at its last checkpoint. Until the first chunk is there,
    nothing can be saved: a signal then ends the process, if it is koki2's own.

    Args:
      run: the run, started or resumed.
      program: that of its config and seed.
      kind: of the run.
      stop: tells whether to stop.
      sinks: told of every chunk.
      cut: how chunks are cut into slices; changes no file.

    Raises:
      BrokenRunError: the run's checkpoint is not one of this program.
      OSError: the disk refused; the run can be resumed.
      DivergedError: the search diverged; the run stands at its last good state.
    """
    close = lambda: [sink.close() for sink in sinks]
    try:
        stop.at_once(close)
        carry = _where_it_stands(run, program)
        last, is_complete = None, is_at_end(program, carry)
        go_on = lambda: not processes.any_signal(stop)
        steps = chunks(program, carry, go_on, cut=cut())
        if not is_complete:
            carry = None  # used up by `steps`, or would be held for nothing
        for chunk, end in steps:
            stop.at_once(None)
            _write(run, kind, chunk)
            for sink in sinks:
                sink.chunk(chunk)
            last, carry, is_complete = chunk.rows["metrics"][-1], end, end is not None
        if not is_complete:
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
        stop.at_once(None)
        close()


def chunks(
    program: Program,
    carry: Any,
    go_on: Callable[[], bool] = lambda: True,
    *,
    cut: Slices | None = None,
) -> Iterator[tuple[Chunk, Any]]:
    """Yields the chunks from `carry` on, each while the next is being computed.

    Args:
      program: what to run.
      carry: its state; used up.
      go_on: asked before anything is dispatched; once it says no, nothing is, and a
        chunk that lacks units is dropped.
      cut: how chunks are cut into slices; None is by the clock.

    Yields:
      A chunk, and the state after it if it is the last of the program, else None.
    """
    import jax

    cut = cut or slices_.by_clock()
    if program.length is None or jax.process_count() > 1:  # which must ask for the same
        cut = slices_.whole()
    ready: tuple[int, dict[str, Rows], Any, dict[str, Any], float] | None = None
    mark = time.perf_counter()
    done, at_end = program.done(carry), is_at_end(program, carry)
    while not at_end and go_on():
        end, rows = _next_checkpoint(program, done), {}
        began = time.perf_counter()
        carry, running = program.chunk(carry, cut.choose(end - done))
        if ready is not None:
            chunk, ready = _on_host(*ready), None
            yield chunk, None
            del chunk  # so that no more than two copies of a state are held
        while True:
            columns = jax.device_get(running)  # waits for the slice
            before, done = done, program.done(carry)
            cut.note(done - before, time.perf_counter() - began)
            at_end = is_at_end(program, carry)
            if program.length is None or done >= end or at_end:
                break
            if not go_on():
                return
            began = time.perf_counter()
            carry, running = program.chunk(carry, cut.choose(end - done))
            _extend(rows, columns)
        state = program.pack(carry)
        before, mark = mark, time.perf_counter()
        ready = (done, rows, columns, state, mark - before)
        del columns, state
    if ready is not None:
        yield _on_host(*ready), carry if at_end else None


def _on_host(
    done: int,
    rows: dict[str, Rows],
    columns: Mapping[str, Any],
    state: dict[str, Any],
    seconds: float,
) -> Chunk:
    """The chunk whose last slice left these columns."""
    _extend(rows, columns)
    return Chunk(done, rows, state, seconds)


def _extend(rows: dict[str, Rows], columns: Mapping[str, Any]) -> None:
    for stream, more in host_rows(columns).items():
        rows.setdefault(stream, []).extend(more)


def _next_checkpoint(program: Program, done: int) -> int:
    """Where the chunk ends that begins here: a multiple of the length, or the end."""
    if program.length is None:
        return program.total
    return min(program.total, (done // program.length + 1) * program.length)


def host_rows(columns: Any) -> dict[str, Rows]:
    """Turns the columns of a chunk, on the host, into rows by stream."""
    from koki2.core.columns import rows

    return {name: rows(stream) for name, stream in columns.items()}


def _write(run: AnyRun, kind: Kind, chunk: Chunk) -> None:
    for stream, rows in chunk.rows.items():
        run.append(rows, stream)
    run.checkpoint(chunk.done, chunk.state, {kind.unit: chunk.done})
    run.timing(**{kind.unit: chunk.done, "seconds": chunk.seconds})


def _complete(
    run: AnyRun,
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
    if processes.is_first():
        row = last or _last_row(run)
        plain = {name: v for name, v in row.items() if not isinstance(v, list)}
        run.finish({f"{kind.unit}s": done, **plain})
        processes.meet()
    else:
        processes.meet()  # now all is on disk
        run.finish({})


def _where_it_stands(run: AnyRun, program: Program) -> Any:
    if run.restored is None:
        return program.init()
    misfit = f"the checkpoint of {run.path} should fit its config, but "
    with runlog.raising(runlog.BrokenRunError, misfit):
        return program.unpack(run.restored.arrays)


def _last_row(run: AnyRun) -> dict[str, Any]:
    newest = deque(runlog.read_rows(run.path), maxlen=1)
    return newest[0] if newest else {}
