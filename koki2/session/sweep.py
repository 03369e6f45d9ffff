"""A sweep: many runs under one folder, each taken up where it stands.

    OUT/sweep.json             code, machine and flags under which it began
    OUT/cells/evo_3f..._seed0  run folders, as every command knows them
    OUT/sweep.csv, sweep.png   table and plot, written by the edge; see `sweep_table`

Cells that differ only in their seed, or in numbers that are data (`core.numbers`),
share one compiled program; others compile anew.
Finished cells are left alone and unfinished ones resumed, so that a sweep that was
killed and started again ends in the same table.
"""

import contextlib
import functools
import pathlib
import shutil
import time
from collections.abc import Callable, Generator, Sequence
from typing import Any, NamedTuple, TypeVar

from koki2 import runlog
from koki2.core.given import given
from koki2.core.program import Program
from koki2.reports import heldout
from koki2.runlog import atomic, folder, jsontext, lock, opening
from koki2.session import (
    driver,
    folders,
    kinds,
    objects as objects_,
    processes,
    startup,
)
from koki2.session.follower import AnyRun
from koki2.session.kinds import Kind
from koki2.session.printing import say
from koki2.session.progress import progress
from koki2.session.settings import Settings
from koki2.session.signals import Stop
from koki2.session.slurm_config import SlurmConfig
from koki2.session.sweep_cells import Cell, Piece, pieces

CELLS = "cells"
_SWEEP = "sweep.json"
_MAX_BYTES = 2**22  # of it
_PATIENCE = 50  # tries at a lock, for the process that held it may be about to end
_PAUSE = 0.1  # seconds between tries

T = TypeVar("T")


class HeldOut(NamedTuple):
    """Which unseen episodes to evaluate finished cells on."""

    episodes: int
    eval_seeds: tuple[int, ...]


class Outcome(NamedTuple):
    """What a cell came to."""

    cell: Cell
    path: pathlib.Path
    """Its run folder."""
    summary: dict[str, Any] | None
    """None while it is not complete."""
    unseen: dict[int, dict[str, dict[str, float]]]
    """Means over unseen episodes: eval seed -> genome -> mean_<metric> -> value."""
    left: list[int]
    """The eval seeds that lack the episodes of some genome."""

    @property
    def is_done(self) -> bool:
        """Whether it is complete, and evaluated where that was asked for."""
        return self.summary is not None and not self.left


def run_cells(
    cells: Sequence[Cell],
    out: str | pathlib.Path,
    *,
    jobs: int = 1,
    held_out: HeldOut | None = None,
    stop: Stop,
    show_progress: bool = False,
    slurm: SlurmConfig | None = None,
) -> list[Outcome]:
    """Runs what is left of some cells, and evaluates their genomes.

    Args:
      cells: what to run; one that is there twice is run once.
      out: the folder of the sweep, new or of an earlier call.
      jobs: number of processes, at a time; the result does not depend on it.
      held_out: evaluate every finished cell on these episodes; kept in its folder.
      stop: tells whether to stop.
      show_progress: show how far each run is, where one process runs them all.
      slurm: run them as jobs of a cluster, and what each is given; None: here.

    Returns:
      An outcome per cell, in their order; some are not done if a stop was asked for.

    Raises:
      InputError: another process runs this sweep, a config cannot be built, there are
        no genomes to evaluate, or no jobs can be submitted.
      BrokenRunError: a run folder is damaged.
      OSError: the disk refused, or a worker or a job was killed.
    """
    from koki2.session import slurm_jobs, sweep_slurm, sweep_workers  # slow to import

    if slurm is not None:
        slurm_jobs.check(slurm)
    out = pathlib.Path(out)
    if held_out is not None:
        _check_genomes(cells)
    if jobs > 1 and processes.count() > 1:
        raise runlog.InputError(
            f"jobs must be 1 where several processes share every run, got {jobs}."
        )
    root = out / CELLS
    with _held(out) if processes.is_first() else contextlib.nullcontext():
        work = functools.partial(
            run_piece,
            root=root,
            held_out=held_out,
            show_progress=show_progress and jobs == 1 and slurm is None,
        )
        once = list({cell.folder: cell for cell in cells}.values())
        cut = lambda: pieces(once, jobs, _left(once, root, held_out))
        if slurm is None:
            sweep_workers.run_pieces(cut(), work, jobs, stop)
        else:
            which = {"out": out, "jobs": jobs, "config": slurm, "stop": stop}
            sweep_slurm.run_jobs(cut, work, **which, look=_teller(once, root))
        processes.meet()  # now all is on disk
        return read_outcomes(cells, out, held_out)


def _left(
    cells: Sequence[Cell], root: pathlib.Path, held_out: HeldOut | None
) -> Callable[[Cell], bool]:
    """Tells which cells are not done: for all processes, what the first one reads."""
    is_left = lambda cell: not _outcome(cell, root, held_out).is_done
    left = processes.share_json(lambda: [c.folder for c in cells if is_left(c)])
    return lambda cell: cell.folder in left


@contextlib.contextmanager
def _held(out: pathlib.Path) -> Generator[None]:
    """Makes the folder of a sweep, or takes it up, and locks it."""
    opening.check_folder(out / CELLS)
    if not (out / CELLS).is_dir():
        folder.make_new(out / CELLS, "a sweep")
    with _patiently(lambda: lock.Lock(out)):
        atomic.clean(out)
        restore(out)
        _note(out)
        yield


def read_outcomes(
    cells: Sequence[Cell], out: str | pathlib.Path, held_out: HeldOut | None = None
) -> list[Outcome]:
    """Reads what cells have come to so far. See `run_cells`."""
    root = pathlib.Path(out) / CELLS
    return [_outcome(cell, root, held_out) for cell in cells]


def run_piece(
    piece: Piece,
    stop: Stop,
    *,
    root: pathlib.Path,
    held_out: HeldOut | None,
    show_progress: bool,
) -> None:
    """Runs and evaluates the cells of a piece until they are done or a stop is asked.

    Args:
      piece: cells of one shape.
      stop: tells whether to stop.
      root: where their run folders are.
      held_out: see `run_cells`.
      show_progress: show how far each run is.
    """
    first = piece.cells[0]
    for key, facts in first.objects.items():
        objects_.declare(objects_.role_of(key), facts["name"], known=facts)
    kind = kinds.kind_of(first.kind)
    programs: dict[str, Program] = {}
    judges: dict[str, Any] = {}
    names = [cell.folder for cell in piece.shape]
    for cell in piece.cells:
        if processes.any_signal(stop):
            return
        path = root / cell.folder
        is_complete, left = processes.share_json(
            functools.partial(_stands, cell, root, held_out)
        )
        if not is_complete:
            if not programs:  # compiled by the first that runs
                runs = [(each.config, each.seed) for each in piece.shape]
                programs = dict(zip(names, kinds.build(kind, runs), strict=True))
            program = programs[cell.folder]
            with _open(cell, kind, path) as run:
                shown = [progress(kind, program)] if show_progress else []
                if not driver.finish(run, program, kind, stop, sinks=shown):
                    return
                if processes.is_first():
                    _say(cell, kind, run.summary or {})
        for eval_seed in left:
            if not judges:
                from koki2 import evolution

                configs = [each.config for each in piece.shape]
                judges = dict(zip(names, evolution.judges(configs), strict=True))
            which = {"eval_seed": eval_seed, "episodes": given(held_out).episodes}
            if processes.is_first():
                atomic.clean(path / "heldout")
            stop.at_once(lambda: None)
            lives = heldout.live(
                judges[cell.folder], path, kind.genomes, cell.seed, **which
            )
            stop.at_once(None)
            if processes.is_first():
                heldout.keep(path, lives, **which)


def _open(cell: Cell, kind: Kind, path: pathlib.Path) -> AnyRun:
    """Starts the run of a cell, or resumes it."""
    if processes.is_first():
        opening.check_folder(path)
        if path.is_dir() and not (path / folder.CONFIG).exists():
            shutil.rmtree(path)  # killed before it was a run
    settings = Settings(
        kind=kind,
        config=cell.config,
        provenance=cell.provenance,
        objects=cell.objects,
        command="sweep",
    )
    another = runlog.BrokenRunError(
        f"{path} should hold the config that its name is made of, but was changed."
    )
    return folders.start_or_resume(settings, cell.seed, path, another, _patiently)


def _patiently(take: Callable[[], T]) -> T:
    """Takes a lock that a process may hold which is about to end."""
    for _ in range(_PATIENCE):
        with contextlib.suppress(runlog.LockedError):
            return take()
        time.sleep(_PAUSE)
    return take()


def restore(out: str | pathlib.Path) -> None:
    """Returns to the flags under which a sweep began, if there is one.

    May start the process afresh.

    Raises:
      BrokenRunError, InputError: as `startup.restore` does.
    """
    path = pathlib.Path(out) / _SWEEP
    if not opening.is_there(path):
        return
    data = opening.read_bytes(path, limit=_MAX_BYTES)
    facts = jsontext.decode(data, where=str(path))
    if not isinstance(facts, dict):
        raise runlog.BrokenRunError(f"{path} should hold a JSON object.")
    startup.restore(facts, str(path))


def _note(out: pathlib.Path) -> None:
    """Notes the flags under which a sweep begins."""
    path = out / _SWEEP
    if opening.is_there(path):
        return
    argv = ["koki2", *startup.call.get().argv]
    facts = runlog.manifest(command="sweep", argv=argv, seed=0, config={}, devices=[])
    kept = ("created_at_utc", "argv", "git", "versions", "cpu", "environment")
    atomic.write_json(path, {name: facts[name] for name in kept})


def _check_genomes(cells: Sequence[Cell]) -> None:
    for name in dict.fromkeys(cell.kind for cell in cells):
        if not kinds.kind_of(name).genomes:
            raise runlog.InputError(
                "unseen episodes must be of runs that leave genomes; those of kind "
                f"{name} leave none."
            )


def _stands(
    cell: Cell, root: pathlib.Path, held_out: HeldOut | None
) -> tuple[bool, list[int]]:
    """Whether a run is complete, and the eval seeds that are left after it."""
    outcome = _outcome(cell, root, held_out)
    return outcome.summary is not None, outcome.left


def _outcome(cell: Cell, root: pathlib.Path, held_out: HeldOut | None) -> Outcome:
    path, genomes = root / cell.folder, set(kinds.kind_of(cell.kind).genomes)
    summary = runlog.read_summary(path) if path.is_dir() else None
    if summary is not None and folders.is_empty(summary):
        genomes = set()  # there are none to evaluate
    episodes, eval_seeds = held_out or HeldOut(0, ())
    unseen = {seed: heldout.read_means(path, seed, episodes) for seed in eval_seeds}
    return Outcome(
        cell,
        path,
        summary,
        unseen,
        [seed for seed, means in unseen.items() if genomes - means.keys()],
    )


def _teller(cells: Sequence[Cell], root: pathlib.Path) -> Callable[[], None]:
    """What says, whenever it is called, which cells have been completed since."""
    is_complete = lambda cell: opening.is_there(root / cell.folder / folder.SUMMARY)
    left = [cell for cell in cells if not is_complete(cell)]

    def look() -> None:
        for cell in [*filter(is_complete, left)]:
            left.remove(cell)
            summary = runlog.read_summary(root / cell.folder)
            _say(cell, kinds.kind_of(cell.kind), summary or {})

    return look


def _say(cell: Cell, kind: Kind, summary: dict[str, Any]) -> None:
    words = [f"{name} {value:.6g}" for name, value in kind.headline(summary).items()]
    say("  ".join([f"{cell.label}: complete", *words]), error=True)
