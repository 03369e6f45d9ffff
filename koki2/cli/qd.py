"""`koki2 qd WORLD`: MAP-Elites over episodes, in any world of the ladder."""

import dataclasses

from koki2.cli import evo
from koki2.session.settings import layered, Settings


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options(evo.Options):
    """Fill an archive with the fittest agent of every way to behave, and leave a run.

    The archive is a grid over the descriptors, or the cells of centroids; children of
    its elites live, and take the cells in which they are fitter. koki2 plot draws it,
    koki2 replay-life --cell shows an elite.
    """

    settings: Settings = layered("qd")


def run(options: Options) -> int:
    """Illuminates."""
    return evo.run(options)
