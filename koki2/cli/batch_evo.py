"""`koki2 batch-evo WORLD`: several seeds in any world, compiled once."""

import dataclasses

import tyro

from koki2.cli import batch_evo_l0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options(batch_evo_l0.Options):
    """Evolve agents in a world for several seeds, with one compilation.

    Name the world first: its knobs are then among the flags, with the level's values.
    """

    world: tyro.conf.Positional[str]
    """The world: `koki2 worlds` lists them, gymnax:NAME is one of gymnax."""


def run(options: Options) -> int:
    """Evolves."""
    return batch_evo_l0.work("batch-evo", options)
