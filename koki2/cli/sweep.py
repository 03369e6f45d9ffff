"""`koki2 sweep FILE`: many runs that differ in settings and seeds, and their table."""

import dataclasses
import pathlib
from collections.abc import Mapping
from typing import Annotated, Any, TYPE_CHECKING

import tyro
from annotated_types import Ge, Le, MinLen

from koki2 import runlog
from koki2.cli import output
from koki2.cli.arguments import Episodes, Force, Json, Seeds
from koki2.session import (
    estimate,
    files,
    processes,
    slurm_jobs,
    sweep,
    sweep_file,
)
from koki2.session.printing import printable, say
from koki2.session.signals import Stop
from koki2.session.tables import print_table

if TYPE_CHECKING:
    from koki2.session.sweep_table import Table

_GOES_ON = "stopped: the same command goes on"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """Run every cell of a sweep file, or what is left of them, and table the results.

    The file names a kind of run, a world, base settings and axes: a grid, a list, or
    lists that go together (zip). Started again, a sweep goes on where it stopped.
    """

    file: tyro.conf.Positional[pathlib.Path]
    """The sweep file, .toml or .json; docs/sweeps.md describes it."""
    out: pathlib.Path | None = None
    """The folder of the sweep; none is sweep_NAME under runs-dir."""
    runs_dir: pathlib.Path = pathlib.Path("runs")
    """Where the folder is made."""
    jobs: Annotated[int, Ge(1), Le(1024)] = 1
    """Processes, or jobs, at a time; the results do not depend on how many."""
    slurm: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Run the cells as jobs of a Slurm cluster; the [slurm] table of the file says what
    each is given. Needs koki2[slurm]."""
    force: Force = False
    episodes: Episodes | None = None
    """Evaluate every finished run on so many unseen episodes; none: not at all."""
    eval_seed: Annotated[Seeds, MinLen(1)] = (0,)
    """Which unseen episodes; the table has the mean over several seeds."""
    column: str | None = None
    """What to plot, and to add to the table: a column of the rows. None is the fitness
    on unseen episodes, or without these the first column of the table."""
    objects: tuple[str, ...] = ()
    """The objects from outside koki2 that the file names, FILE.py:NAME of each: nothing
    else that it names is loaded."""
    json: Json = False


def run(options: Options) -> int:
    """Runs the sweep."""
    from koki2.session import sweep_table  # NumPy, which no help needs

    plan = sweep_file.plan(
        files.read_config(options.file),
        where=str(options.file),
        named=options.objects,
    )
    known = sweep_table.columns_of(plan.kind, options.episodes is not None)
    if options.column is not None and options.column not in known:
        raise runlog.InputError(
            f"--column must be one of {', '.join(known)}, got {options.column}."
        )
    together = processes.asked.get().distributed
    if options.slurm:
        if together:
            raise runlog.InputError(
                "--slurm gives each run to a job of its own, and --distributed shares "
                "every run between processes; name one of them."
            )
        slurm_jobs.check(plan.slurm)
    out = options.out or options.runs_dir / f"sweep_{options.file.stem}"
    if together:  # JAX must start under the flags of the sweep
        sweep.restore(out)
        processes.join()
    force = options.force or options.slurm  # jobs have the memory of other machines
    estimate.check_cells(plan.cells, options.jobs, force=force)
    held_out = None
    if options.episodes is not None:
        held_out = sweep.HeldOut(options.episodes, tuple(options.eval_seed))
    output.note("sweep", f"{len(plan.cells)} cells in {printable(out)}")
    with Stop() as stop:
        stop.last_words = lambda: _stopped(options, plan, out, held_out)
        outcomes = sweep.run_cells(
            plan.cells,
            out,
            jobs=options.jobs,
            held_out=held_out,
            stop=stop,
            show_progress=True,
            slurm=plan.slurm if options.slurm else None,
        )
    table = sweep_table.table(outcomes, plan.settings, _more(options))
    written: dict[str, str] = {}
    if processes.is_first():
        written = sweep_table.write(table, out, options.column, options.file.stem)
    facts = _facts(table, out)
    output.show(facts, options.json, lambda: _print(table, plan.settings, written))
    return 0 if table.is_complete else stop.code


def _more(options: Options) -> list[str]:
    return [options.column] if options.column else []


def _facts(table: "Table", out: pathlib.Path) -> dict[str, Any]:
    from koki2.session import sweep_table

    status = "complete" if table.is_complete else "interrupted"
    return {"out": str(out), "status": status, **sweep_table.facts(table)}


def _stopped(
    options: Options,
    plan: sweep_file.Plan,
    out: pathlib.Path,
    held_out: sweep.HeldOut | None,
) -> None:
    """Says where a sweep stands; its table is drawn when it is started again."""
    from koki2.session import sweep_table

    outcomes = sweep.read_outcomes(plan.cells, out, held_out)
    table = sweep_table.table(outcomes, plan.settings, _more(options))
    output.show(_facts(table, out), options.json, _GOES_ON)


def _print(table: "Table", settings: list[str], written: dict[str, str]) -> None:
    rows = []
    for group in table.groups:
        cells = [_cell(group.intervals[name]) for name in table.results]
        rows.append((*map(str, group.settings.values()), len(group.seeds), *cells))
    headings = [name.replace("_", " ") for name in table.results]
    print_table((*settings, "seeds", *headings), rows)
    if table.contrasts:
        _print_contrasts(table, settings)
    for what, path in written.items():
        say(f"{what}: {printable(path)}")
    if not table.is_complete:
        say(_GOES_ON)


def _print_contrasts(table: "Table", settings: list[str]) -> None:
    from koki2.reports.statistics import p_text

    rows = []
    for gap in table.contrasts:
        p = [p_text(gap[name]) for name in ("p", "p_holm", "p_flip")]
        rows.append((*map(str, gap["settings"].values()), gap["seeds"], _cell(gap), *p))
    column = str(table.contrasts[0]["column"]).replace("_", " ")
    title = f"{column}, less that of {table.groups[0].label}, paired by seed"
    columns = (*settings, "seeds", "difference", "p", "Holm", "flips")
    print_table(columns, rows, title=title)


def _cell(interval: Mapping[str, Any] | None) -> str:
    if interval is None:
        return "-"
    return f"{interval['mean']:.5g} [{interval['low']:.5g}, {interval['high']:.5g}]"
