"""archive: the best genome found for every cell of a behaviour space.

`cells(ArchiveConfig(...))` cuts the space, as a grid or by centroids; `empty` makes an
archive over it, `insert` puts a batch in, `store` does so on any number of devices,
`summary` says how full it is, and how good. Start at `records.Archive`.
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
    """The cells of a behaviour space, as configured.

    Example:
      >>> cells(ArchiveConfig(shape=(8, 4))).count
      32
    """
    return grid(config) if config.archive == "grid" else cvt(config)
