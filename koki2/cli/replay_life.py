"""`koki2 replay-life`: one life of a run's genome, or of a baseline, as a GIF."""

import dataclasses
import pathlib
from typing import Annotated, Any, Literal

import tyro
from annotated_types import Ge, MinLen

from koki2 import evolution, runlog
from koki2.cli import filming, output
from koki2.cli.named import Named
from koki2.core.given import given
from koki2.evolution.configs import POLICIES
from koki2.reports import exchange
from koki2.session import folders
from koki2.session.folders import RunFolder
from koki2.session.settings import Seed


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options(filming.Options, Named):
    """Draw one life in the world of a run: sources, path, senses, needs, activity.

    The life is one of those that koki2 eval-run judges with the same seed, so what a
    number says can be looked at.
    """

    run: tyro.conf.Positional[pathlib.Path]
    """The run folder."""
    genome: Literal["best", "mean"] = "best"
    """Best of training, or centre of the search."""
    cell: Annotated[tuple[Annotated[int, Ge(0)], ...], MinLen(1)] | None = None
    """The elite in this cell of an archive instead: its number, or of a grid its place
    along each dimension."""
    policy: Literal[*POLICIES] | None = None  # pyrefly: ignore[invalid-literal]  # its names are those of a table
    """Watch this policy instead of a genome; oracle knows the good sources."""
    life_seed: Seed = 0
    """Which lives: the seed of an evaluation."""
    out: pathlib.Path | None = None
    """Where to, a .gif; none is life_<who>_seed<k>_episode<n>.gif in the run's folder.
    A file that is there is replaced."""


def run(options: Options) -> int:
    """Watches, draws."""
    read = folders.read_folder(options.run, options.given)
    cell = None if options.cell is None else _cell(options, read)
    who = options.policy or (options.genome if cell is None else f"cell{cell}")
    name = f"life_{who}_seed{options.life_seed}_episode{options.episode}.gif"
    out = output.checked_out(options.out, options.run / name, (".gif",))
    life = _watch(options, read, cell)
    whose = who
    if not options.policy:
        whose = f"{who} genome" if cell is None else _where(options)
    title = f"{whose}, life {options.episode} of seed {options.life_seed}"
    title = f"{options.run.resolve().name}: {title}"
    filming.film(life, options, out, who=who, title=title)
    return 0


def _watch(options: Options, read: RunFolder, cell: int | None) -> dict[str, Any]:
    which = {"eval_seed": options.life_seed, "episode": options.episode}
    if options.policy:
        try:
            return evolution.watch_baseline(read.config, options.policy, **which)
        except ValueError as error:  # no map, or no such policy
            raise runlog.InputError(str(error)) from error
    genome = _genome(options, read, cell)
    try:
        return evolution.watch_genome(read.config, read.seed, genome, **which)
    except evolution.NoMapError as error:
        raise runlog.InputError(str(error)) from error
    except ValueError as error:
        raise runlog.BrokenRunError(
            f"the {options.genome} genome of {options.run} should fit its config, but "
            f"{error}"
        ) from error


def _genome(options: Options, read: RunFolder, cell: int | None) -> dict[str, Any]:
    if not read.is_complete:
        raise runlog.InputError(
            f"{options.run} has no genomes yet, as it is not complete: koki2 resume "
            f"{options.run} goes on with it, and --policy watches a baseline in its "
            "world."
        )
    if cell is not None:
        archive = runlog.read_artifact(options.run, "archive")
        try:
            return evolution.named_elite(read.config, read.seed, archive, cell)
        except ValueError as error:
            raise runlog.InputError(f"--cell: {error}") from error
    if options.genome not in read.kind.genomes:
        raise runlog.InputError(
            f"--genome must be {' or '.join(read.kind.genomes)} for {options.run}, got "
            f"{options.genome}: an archive has no centre, but --cell."
        )
    return runlog.read_genome(options.run, options.genome)


def _cell(options: Options, read: RunFolder) -> int:
    """The number of the cell asked for."""
    if "archive" not in read.kind.artifacts or options.policy:
        raise runlog.InputError(
            f"--cell must go with a run of koki2 qd and no --policy, got {options.run}."
        )
    try:
        return exchange.cell_number(read.config.archive, given(options.cell))
    except ValueError as error:
        raise runlog.InputError(f"--cell {error}") from None


def _where(options: Options) -> str:
    return f"elite of cell {' '.join(map(str, given(options.cell)))}"
