"""`koki2 sweep FILE`: many runs that differ in settings and seeds, and their table."""

import dataclasses
import pathlib
from typing import Annotated, TYPE_CHECKING

import tyro
from annotated_types import Ge, Le, MinLen

from koki2 import runlog
from koki2.cli import output
from koki2.cli.arguments import Episodes, Json, Seeds
from koki2.session import files, sweep, sweep_file
from koki2.session.printing import printable, say
from koki2.session.signals import Stop
from koki2.session.tables import print_table

if TYPE_CHECKING:
    from koki2.session.sweep_table import Table


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
    """Processes; the results do not depend on how many."""
    episodes: Episodes | None = None
    """Evaluate every finished run on so many unseen episodes; none: not at all."""
    eval_seed: Annotated[Seeds, MinLen(1)] = (0,)
    """Which unseen episodes; the table has the mean over several seeds."""
    column: str | None = None
    """What to plot, and to add to the table: a column of the rows. None is the fitness
    on unseen episodes, or without these the first column of the table."""
    json: Json = False


def run(options: Options) -> int:
    """Runs the sweep."""
    from koki2.session import sweep_table  # NumPy, which no help needs

    plan = sweep_file.plan(files.read_config(options.file), where=str(options.file))
    known = sweep_table.columns_of(plan.kind, options.episodes is not None)
    if options.column is not None and options.column not in known:
        raise runlog.InputError(
            f"--column must be one of {', '.join(known)}, got {options.column}."
        )
    out = options.out or options.runs_dir / f"sweep_{options.file.stem}"
    held_out = None
    if options.episodes is not None:
        held_out = sweep.HeldOut(options.episodes, tuple(options.eval_seed))
    output.note("sweep", f"{len(plan.cells)} cells in {printable(out)}")
    with Stop() as stop:
        outcomes = sweep.run_cells(
            plan.cells,
            out,
            jobs=options.jobs,
            held_out=held_out,
            stop=stop,
            show_progress=True,
        )
    more = [options.column] if options.column else []
    table = sweep_table.table(outcomes, plan.settings, more)
    written = sweep_table.write(table, out, options.column, options.file.stem)
    status = "complete" if table.is_complete else "interrupted"
    facts = {"out": str(out), "status": status, **sweep_table.facts(table)}
    output.show(facts, options.json, lambda: _print(table, plan.settings, written))
    return 0 if table.is_complete else stop.code


def _print(table: "Table", settings: list[str], written: dict[str, str]) -> None:
    rows = []
    for group in table.groups:
        cells = [_cell(group.intervals[name]) for name in table.results]
        rows.append((*map(str, group.settings.values()), len(group.seeds), *cells))
    headings = [name.replace("_", " ") for name in table.results]
    print_table((*settings, "seeds", *headings), rows)
    for what, path in written.items():
        say(f"{what}: {printable(path)}")
    if not table.is_complete:
        say("stopped: the same command goes on")


def _cell(interval: dict[str, float] | None) -> str:
    if interval is None:
        return "-"
    return f"{interval['mean']:.5g} [{interval['low']:.5g}, {interval['high']:.5g}]"
