"""`koki2 watch WORLD`: one life of a baseline in any world, as a GIF."""

import dataclasses
import pathlib
from typing import Literal

import tyro

from koki2.cli import filming
from koki2.cli.plot import checked_out
from koki2.cli.settings import layered, Seed, Settings
from koki2.evolution.configs import POLICIES


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options(filming.Options):
    """Film a policy that has no genome in a world: what the world is like to live in.

    Name the world first: its knobs are then among the flags, with the level's values.
    The life is one of those that koki2 baseline judges with the same seed. A genome is
    watched by koki2 replay-life.
    """

    world: tyro.conf.Positional[str]
    """The world: `koki2 worlds` lists them; it needs a map, as those of gymnax lack."""
    settings: Settings = layered("env")
    policy: Literal[*POLICIES] = "competent"
    """greedy follows the gradient, competent does what the world asks for by script,
    oracle knows the whole truth."""
    seed: Seed = 0
    """Which lives."""
    out: pathlib.Path | None = None
    """Where to, a .gif; none is <world>_<policy>_seed<k>_episode<n>.gif, here. A file
    that is there is replaced."""


def run(options: Options) -> int:
    """Watches, draws."""
    name = f"{options.world}_{options.policy}".replace(":", "-")
    name = f"{name}_seed{options.seed}_episode{options.episode}.gif"
    out = checked_out(options.out, pathlib.Path(name), (".gif",))
    life = filming.watch_baseline(
        options.settings.config,
        options.policy,
        eval_seed=options.seed,
        episode=options.episode,
    )
    title = f"{options.world}: {options.policy}, life {options.episode}"
    title = f"{title} of seed {options.seed}"
    filming.film(life, options, out, who=options.policy, title=title)
    return 0
