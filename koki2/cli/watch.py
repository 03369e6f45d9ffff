"""`koki2 watch WORLD`: one life of a baseline in any world, as a GIF."""

import dataclasses
import pathlib
import re
from typing import Literal

from koki2 import evolution, runlog
from koki2.cli import filming, output
from koki2.evolution.configs import POLICIES
from koki2.session.settings import layered, Seed, Settings


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options(filming.Options):
    """Film a policy that has no genome in a world: what the world is like to live in.

    The world must have a map, as those of gymnax have not. The life is one of those
    that koki2 baseline judges with the same seed. koki2 replay-life shows a genome.
    """

    settings: Settings = layered("evo", "env")
    policy: Literal[*POLICIES] = "competent"  # pyrefly: ignore[invalid-literal]  # its names are those of a table
    """greedy follows the gradient, competent does what the world asks for by script,
    oracle knows the whole truth."""
    seed: Seed = 0
    """Which lives."""
    out: pathlib.Path | None = None
    """Where to, a .gif; none is <world>_<policy>_seed<k>_episode<n>.gif, here. A file
    that is there is replaced."""


def run(options: Options) -> int:
    """Watches, draws."""
    world = options.settings.world
    name = re.sub(r"[^\w.-]", "-", f"{world}_{options.policy}")
    name = f"{name}_seed{options.seed}_episode{options.episode}.gif"
    out = output.checked_out(options.out, pathlib.Path(name), (".gif",))
    try:
        life = evolution.watch_baseline(
            options.settings.config,
            options.policy,
            eval_seed=options.seed,
            episode=options.episode,
        )
    except ValueError as error:  # no map, or no such policy
        raise runlog.InputError(str(error)) from error
    title = f"{world}: {options.policy}, life {options.episode} of seed {options.seed}"
    filming.film(life, options, out, who=options.policy, title=title)
    return 0
