"""`koki2 replay-life`: one episode of a run's genome, or of a baseline, as a GIF."""

import dataclasses
import pathlib
from typing import Annotated, Any, Literal

from annotated_types import Ge, MinLen

from koki2 import evolution, runlog
from koki2.cli import filming
from koki2.cli.arguments import Policy, RunPath
from koki2.cli.named import Named
from koki2.session import chosen, files, folders
from koki2.session.printing import printable
from koki2.session.settings import Seed


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options(filming.Options, Named):
    """Draw one episode in the world of a run: sources, path, senses, needs, activity.

    The episode is one of those that koki2 eval-run judges with the same seed, so what a
    number says can be looked at.
    """

    run: RunPath
    genome: Literal["best", "mean"] = "best"
    """Best of training, or centre of the search."""
    cell: Annotated[tuple[Annotated[int, Ge(0)], ...], MinLen(1)] | None = None
    """The elite in this cell of an archive instead: its number, or of a grid its place
    along each dimension."""
    policy: Policy | None = None
    """Watch this policy instead of a genome; planner knows the good sources."""
    life_seed: Seed = 0
    """Which episodes: the seed of an evaluation."""
    out: pathlib.Path | None = None
    """Where to, a .gif; none is life_<who>_seed<k>_episode<n>.gif in the run's folder.
    A file that is there is replaced."""


def run(options: Options) -> int:
    """Watches, draws."""
    read = folders.read_folder(options.run, options.given)
    cell = None
    if options.cell is not None:
        if options.policy:
            raise runlog.InputError("--cell must go with no --policy, got both.")
        cell = chosen.cell_number(read, options.cell)
    who = options.policy or (options.genome if cell is None else f"cell{cell}")
    name = f"life_{who}_seed{options.life_seed}_episode{options.episode}.gif"
    out = files.checked_out(options.out, options.run / name, (".gif",))
    life = _watch(options, read, cell)
    whose = who if options.policy else f"{who} genome"
    if options.cell is not None:
        whose = f"elite of cell {' '.join(map(str, options.cell))}"
    title = f"{whose}, episode {options.episode} of seed {options.life_seed}"
    title = f"{printable(options.run.resolve().name)}: {title}"
    filming.film(life, options, out, who=who, title=title)
    return 0


def _watch(
    options: Options, read: folders.RunFolder, cell: int | None
) -> dict[str, Any]:
    which = {"eval_seed": options.life_seed, "episode": options.episode}
    if options.policy:
        with runlog.raising(runlog.InputError):  # no map, or no such policy
            return evolution.watch_baseline(read.config, options.policy, **which)
    genome = chosen.chosen_genome(read, options.genome, cell)
    misfit = f"the {options.genome} genome of {options.run} should fit its config, but "
    with runlog.raising(runlog.BrokenRunError, misfit):
        try:
            return evolution.watch_genome(read.config, read.seed, genome, **which)
        except evolution.NoMapError as error:
            raise runlog.InputError(str(error)) from error
