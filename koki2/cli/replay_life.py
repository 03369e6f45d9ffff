"""`koki2 replay-life`: one life of a run's genome, or of a baseline, as a GIF."""

import dataclasses
import pathlib
from typing import Annotated, Any, Literal

import tyro
from annotated_types import Ge, Le

from koki2 import evolution, pictures, runlog
from koki2.cli import output, settings
from koki2.cli.plot import checked_out
from koki2.cli.settings import Seed
from koki2.evolution.configs import POLICIES


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """Draw one life in the world of a run: sources, path, senses, reserves, spikes.

    The life is one of those that koki2 eval-run judges with the same seed, so what a
    number says can be looked at.
    """

    run: tyro.conf.Positional[pathlib.Path]
    """The run folder."""
    genome: Literal["best", "mean"] = "best"
    """Best of training, or centre of the search."""
    policy: Literal[*POLICIES] | None = None
    """Watch this policy instead of a genome; oracle knows the good sources."""
    life_seed: Seed = 0
    """Which lives: the seed of an evaluation."""
    episode: Annotated[int, Ge(0), Le(1_000_000)] = 0
    """Which of these lives."""
    out: pathlib.Path | None = None
    """Where to, a .gif; none is life_<who>_seed<k>_episode<n>.gif in the run's folder.
    A file that is there is replaced."""
    fps: Annotated[float, Ge(1), Le(50)] = 12.0
    """Steps per second."""
    json: bool = False
    """Print one JSON object instead of text."""


def run(options: Options) -> int:
    """Watches, draws."""
    config, seed = settings.of_run(options.run)
    who = options.policy or options.genome
    name = f"life_{who}_seed{options.life_seed}_episode{options.episode}.gif"
    out = checked_out(options.out, options.run / name, (".gif",))
    genome = None if options.policy else _genome(options)
    life = _watch(options, config, seed, genome)
    whose = who if options.policy else f"{who} genome"
    title = f"{whose}, life {options.episode} of seed {options.life_seed}"
    title = f"{options.run.resolve().name}: {title}"
    frames = pictures.save_gif(
        pictures.life_film(life, title=title), out, fps=options.fps
    )
    facts = {"out": str(out), "who": who, "frames": frames} | pictures.life_facts(life)
    if options.json:
        output.print_json(facts)
    else:
        print(facts["ending"])
        print(f"wrote {out}")
    return 0


def _genome(options: Options) -> dict[str, Any]:
    if runlog.read_summary(options.run) is None:
        raise runlog.InputError(
            f"{options.run} has no genomes yet, as it is not complete: koki2 resume "
            f"{options.run} goes on with it, and --policy watches a baseline in its "
            "world."
        )
    return runlog.read_genome(options.run, options.genome)


def _watch(options, config, seed, genome) -> dict[str, Any]:
    try:
        return evolution.watch(
            config,
            seed,
            genome,
            eval_seed=options.life_seed,
            episode=options.episode,
            policy=options.policy,
        )
    except ValueError as error:
        raise runlog.BrokenRunError(
            f"the {options.genome} genome of {options.run} should fit its config, but "
            f"{error}"
        ) from error
