"""archive: the best genome of every cell of a behaviour space (a repertoire).

`cells(ArchiveConfig(...))` divides the space, into a grid or by centroids; `empty`
makes an archive over it, `insert` adds a batch, `store` does so on any number of
devices, `summary` computes coverage and QD-score. Start at `records.Archive`.
"""

from koki2.search.archive.cvt import cvt as cvt
from koki2.search.archive.grid import grid as grid
from koki2.search.archive.insertion import insert as insert, inserter as inserter
from koki2.search.archive.records import (
    Archive as Archive,
    Batch as Batch,
    Cells as Cells,
    empty as empty,
    Insertion as Insertion,
)
from koki2.search.archive.store import Store as Store, store as store
from koki2.search.archive.summary import Summary as Summary, summary as summary
from koki2.search.configs import ArchiveConfig


def cells(config: ArchiveConfig) -> Cells:
    """Divides a behaviour space into cells, as configured.

    Example:
      >>> cells(ArchiveConfig(shape=(8, 4))).count
      32
    """
    return grid(config) if config.archive == "grid" else cvt(config)
