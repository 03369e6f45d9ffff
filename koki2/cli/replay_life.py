"""`koki2 replay-life`: one life of a run's genome, or of a baseline, as a GIF."""

import dataclasses
import pathlib
from typing import Annotated, Any, Literal

import tyro
from annotated_types import Ge, MinLen

from koki2 import evolution, runlog
from koki2.cli import filming, settings
from koki2.cli.plot import checked_out
from koki2.cli.settings import Seed
from koki2.evolution.configs import Config, POLICIES, QDConfig


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options(filming.Options):
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
    policy: Literal[*POLICIES] | None = None
    """Watch this policy instead of a genome; oracle knows the good sources."""
    life_seed: Seed = 0
    """Which lives: the seed of an evaluation."""
    out: pathlib.Path | None = None
    """Where to, a .gif; none is life_<who>_seed<k>_episode<n>.gif in the run's folder.
    A file that is there is replaced."""


def run(options: Options) -> int:
    """Watches, draws."""
    config, seed = settings.of_run(options.run)
    cell = None if options.cell is None else _cell(options, config)
    who = options.policy or (options.genome if cell is None else f"cell{cell}")
    name = f"life_{who}_seed{options.life_seed}_episode{options.episode}.gif"
    out = checked_out(options.out, options.run / name, (".gif",))
    which = {"eval_seed": options.life_seed, "episode": options.episode}
    if options.policy:
        life = filming.watch_baseline(config, options.policy, **which)
    else:
        life = _watch_genome(options, config, seed, cell, **which)
    whose = (
        who if options.policy else f"{who} genome" if cell is None else _where(options)
    )
    title = f"{whose}, life {options.episode} of seed {options.life_seed}"
    title = f"{options.run.resolve().name}: {title}"
    filming.film(life, options, out, who=who, title=title)
    return 0


def _cell(options: Options, config: Config) -> int:
    """The number of the cell asked for.

    Raises:
      InputError: this run has no archive, or it has no such cell.
    """
    if not isinstance(config, QDConfig) or options.policy:
        raise runlog.InputError(
            f"--cell wants a run of koki2 qd and no --policy, got {options.run}."
        )
    shape = config.archive.shape if config.archive.archive == "grid" else None
    if len(options.cell) == 1:
        return options.cell[0]
    if shape is None or len(options.cell) != len(shape):
        wanted = "the cell's number" if shape is None else f"a place in {shape}"
        raise runlog.InputError(f"--cell wants {wanted}, got {options.cell}.")
    if any(i >= n for i, n in zip(options.cell, shape, strict=True)):
        raise runlog.InputError(f"--cell wants a place in {shape}, got {options.cell}.")
    number = 0
    for i, n in zip(options.cell, shape, strict=True):
        number = number * n + i
    return number


def _where(options: Options) -> str:
    return f"elite of cell {' '.join(map(str, options.cell))}"


def _watch_genome(
    options: Options, config: Config, seed: int, cell: int | None, **which
) -> dict[str, Any]:
    if runlog.read_summary(options.run) is None:
        raise runlog.InputError(
            f"{options.run} has no genomes yet, as it is not complete: koki2 resume "
            f"{options.run} goes on with it, and --policy watches a baseline in its "
            "world."
        )
    if cell is not None:
        archive = runlog.read_artifact(options.run, "archive")
        try:
            genome = evolution.elite(config, seed, archive, cell)
        except ValueError as error:
            raise runlog.InputError(f"--cell: {error}") from error
    elif options.genome == "mean" and isinstance(config, QDConfig):
        raise runlog.InputError("--genome mean: an archive has no centre, but --cell.")
    else:
        genome = runlog.read_genome(options.run, options.genome)
    try:
        return evolution.watch(config, seed, genome, **which)
    except evolution.NoMapError as error:
        raise runlog.InputError(str(error)) from error
    except ValueError as error:
        raise runlog.BrokenRunError(
            f"the {options.genome} genome of {options.run} should fit its config, but "
            f"{error}"
        ) from error
