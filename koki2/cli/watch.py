"""`koki2 watch WORLD`: one episode of a baseline in any world, as a GIF."""

import dataclasses
import pathlib
import re

from koki2 import evolution, runlog
from koki2.cli import filming
from koki2.cli.arguments import Policy
from koki2.session import files
from koki2.session.printing import printable
from koki2.session.settings import layered, Seed, Settings


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options(filming.Options):
    """Film a policy that has no genome in a world: what the world is like to live in.

    The world must have a map, as those of gymnax have not. The episode is one of those
    that koki2 baseline judges with the same seed. koki2 replay-life shows a genome.
    """

    settings: Settings = layered("evo", "env")
    policy: Policy = "competent"
    seed: Seed = 0
    """Which episodes."""
    out: pathlib.Path | None = None
    """Where to, a .gif; none is <world>_<policy>_seed<k>_episode<n>.gif, here. A file
    that is there is replaced."""


def run(options: Options) -> int:
    """Watches, draws."""
    world = options.settings.world
    name = re.sub(r"[^\w.-]", "-", f"{world}_{options.policy}")
    name = f"{name}_seed{options.seed}_episode{options.episode}.gif"
    out = files.checked_out(options.out, pathlib.Path(name), (".gif",))
    with runlog.raising(runlog.InputError):  # no map, or no such policy
        life = evolution.watch_baseline(
            options.settings.config,
            options.policy,
            eval_seed=options.seed,
            episode=options.episode,
        )
    title = f"{options.policy}, episode {options.episode} of seed {options.seed}"
    title = f"{printable(world)}: {title}"
    filming.film(life, options, out, who=options.policy, title=title)
    return 0
