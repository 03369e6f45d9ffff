"""`koki2 evo WORLD`: one evolution in any world of the ladder."""

import dataclasses

import tyro

from koki2.cli import evo_l0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options(evo_l0.Options):
    """Evolve agents in a world for one seed and leave a run folder.

    Name the world first: its knobs are then among the flags, with the level's values.
    """

    world: tyro.conf.Positional[str]
    """The world: `koki2 worlds` lists them, gymnax:NAME is one of gymnax."""


def run(options: Options) -> int:
    """Evolves."""
    return evo_l0.work("evo", options)
