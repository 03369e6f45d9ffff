"""The driver: takes an evolution from where it stands to the end of its run folder.

One chunk of generations is one call into JAX and one transfer back. What goes to disk
depends on config and seed alone, and the wall clock to timing.jsonl; so a run that was
killed and taken up again ends in the very files of one that never stopped.
"""

import collections
import dataclasses
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from koki2 import evolution as evolution_, runlog
from koki2.cli import startup
from koki2.cli.progress import Progress
from koki2.cli.settings import Settings
from koki2.cli.signals import Stop
from koki2.evolution.configs import Config, QDConfig

Rows = list[dict[str, Any]]
Evolution = Any  # koki2.evolution.Evolution, which cannot be named without JAX


class Chunk(NamedTuple):
    """A chunk of generations, on the host."""

    done: int
    """Generations done, from the beginning of the run."""
    rows: Rows
    """What each of the chunk's generations has to say, in plain values."""
    carry: Any
    """The state after them; used up once the next chunk is asked for."""


def evolve(config: Config, seed: int) -> Evolution:
    """The evolution of a config and a seed; nothing is computed yet.

    Raises:
      InputError: a config with which no evolution can be made.
    """
    return evolve_many(config, [seed])[0]


def evolve_many(config: Config, seeds: list[int]) -> list[Evolution]:
    """The evolutions of several seeds, compiled once. Raises as `evolve` does."""
    try:
        if isinstance(config, QDConfig):
            return list(evolution_.illuminate_many(config, seeds))
        return list(evolution_.evolve_many(config, seeds))
    except ValueError as error:
        raise runlog.InputError(str(error)) from error


def start(
    command: str, settings: Settings, seed: int, root: Any, **where: Any
) -> runlog.Run:
    """Makes the run folder for a config and a seed.

    Args:
      command: the koki2 command.
      settings: config and provenance.
      seed: the seed.
      root: where runs are kept.
      **where: `out_dir` and `tag`, as for `Run.start`.

    Raises:
      InputError: a folder that is taken.
    """
    config = dataclasses.asdict(settings.config)
    facts = startup.manifest(command, seed, config)
    origin = dict(settings.provenance)
    return runlog.Run.start(root, command, seed, config, origin, facts, **where)


def finish(
    run: runlog.Run,
    evolution: Evolution,
    stop: Stop,
    *,
    log_every: int | None = None,
) -> bool:
    """Runs what is left of a run, and says whether it is complete.

    Not complete means that a signal came: the chunk under way was finished, and its
    checkpoint written, before this returned.

    Args:
      run: the run, started or resumed.
      evolution: the evolution of its config and seed.
      stop: tells whether to stop.
      log_every: see `Progress`.

    Raises:
      BrokenRunError: the run's checkpoint is not one of this evolution.
      OSError: the disk refused; the run can be resumed.
    """
    try:
        return _finish(run, evolution, stop, log_every)
    except OSError as error:
        error.add_note(f"What was acknowledged is kept: koki2 resume {run.path}")
        raise


def chunks(
    evolution: Evolution,
    carry: Any,
    total: int,
    go_on: Callable[[], bool] = lambda: True,
) -> Iterator[Chunk]:
    """Yields the chunks from `carry` on.

    Args:
      evolution: what to run.
      carry: its state.
      total: generations at which to end.
      go_on: asked before every chunk; nothing more is computed once it says no.
    """
    done = evolution.generation(carry)
    while done < total and go_on():
        carry, columns = evolution.chunk(carry)
        rows, done = plain_rows(columns), evolution.generation(carry)
        yield Chunk(done, rows, carry)


def plain_rows(columns: Mapping[str, Any]) -> Rows:
    """Columns as `Evolution.chunk` returns them, as rows of plain values.

    Rows whose "valid" is False are left out, and so is that column. A pass rate of NaN
    becomes None: nothing was tested. A column may be a list of plain values already.

    Example:
      >>> import numpy as np
      >>> plain_rows({"generation": np.arange(2), "valid": np.array([True, False])})
      [{'generation': 0}]
    """
    import numpy as np

    host = {
        name: column if isinstance(column, list) else np.asarray(column).tolist()
        for name, column in columns.items()
    }
    valid = host.pop("valid", None)
    rows = [
        dict(zip(host, row, strict=True)) for row in zip(*host.values(), strict=True)
    ]
    for row in rows:
        rate = row.get("mvt_pass_rate")
        if rate is not None and rate != rate:
            row["mvt_pass_rate"] = None
    return [row for i, row in enumerate(rows) if valid is None or valid[i]]


def _finish(
    run: runlog.Run, evolution: Evolution, stop: Stop, log_every: int | None
) -> bool:
    total = run.config["loop"]["generations"]
    carry, last = _where_it_stands(run, evolution), None
    done = evolution.generation(carry)
    mark, steps = time.perf_counter(), _last_row(run).get("env_steps", 0)
    with Progress(total, done=done, log_every=log_every) as progress:
        for chunk in chunks(evolution, carry, total, lambda: stop.signal is None):
            carry, done, last = chunk.carry, chunk.done, chunk.rows[-1]
            run.append(chunk.rows)
            run.checkpoint(done, evolution.pack(carry), {"generation": done})
            before, mark = mark, time.perf_counter()
            seconds, steps_now = mark - before, last.get("env_steps", steps)
            rate, steps = (steps_now - steps) / max(seconds, 1e-9), steps_now
            run.timing(generation=done, seconds=seconds, env_steps_per_second=rate)
            progress.update(done, chunk.rows, rate)
    if done < total:
        return False
    if last is None:  # killed just after its last checkpoint, maybe before it tidied up
        run.checkpoint(done, evolution.pack(carry), {"generation": done})
    for name, arrays in evolution.products(carry).items():
        run.save_artifact(name, arrays)
    found = {n: v for n, v in (last or _last_row(run)).items() if n != "births"}
    run.finish({"generations": done, **found})
    return True


def _where_it_stands(run: runlog.Run, evolution: Evolution) -> Any:
    if run.restored is None:
        return evolution.init()
    try:
        return evolution.unpack(run.restored.arrays)
    except ValueError as error:
        raise runlog.BrokenRunError(
            f"the checkpoint of {run.path} should fit its config, but {error}"
        ) from error


def _last_row(run: runlog.Run) -> dict[str, Any]:
    newest = collections.deque(runlog.read_rows(run.path), maxlen=1)
    return newest[0] if newest else {}
