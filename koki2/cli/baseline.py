"""`koki2 baseline WORLD`: what a policy without a genome achieves in any world."""

import dataclasses

import tyro

from koki2.cli import baseline_l0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options(baseline_l0.Options):
    """Let a policy that has no genome live in a world, and report the means.

    Name the world first: its knobs are then among the flags, with the level's values.
    """

    world: tyro.conf.Positional[str]
    """The world: `koki2 worlds` lists them, gymnax:NAME is one of gymnax."""


def run(options: Options) -> int:
    """Evaluates."""
    return baseline_l0.run(options)
