"""`koki2 qd WORLD`: MAP-Elites over lives, in any world of the ladder."""

import dataclasses

import tyro

from koki2.cli import evo_l0
from koki2.cli.settings import layered, QD_GROUPS, Settings


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options(evo_l0.Options):
    """Fill an archive with the fittest agent of every way to behave, and leave a run.

    Name the world first: its knobs are then among the flags, with the level's values.
    The archive is a grid over the descriptors, or the cells of centroids; children of
    its elites live, and take the cells in which they are fitter. koki2 plot draws it,
    koki2 replay-life --cell shows an elite.
    """

    world: tyro.conf.Positional[str]
    """The world: `koki2 worlds` lists them, gymnax:NAME is one of gymnax."""
    settings: Settings = layered(*QD_GROUPS)


def run(options: Options) -> int:
    """Illuminates."""
    return evo_l0.work("qd", options)
