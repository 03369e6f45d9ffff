"""The genome of a run that is to be looked at: its best, its mean, or an elite."""

from collections.abc import Sequence
from typing import Any

from koki2 import evolution, runlog
from koki2.reports import exchange
from koki2.session import folders


def chosen_genome(
    read: folders.RunFolder, which: str, cell: int | None
) -> dict[str, Any]:
    """The arrays of a genome of a complete run.

    Args:
      read: the run.
      which: "best" or "mean".
      cell: the number of a cell, whose elite is taken instead.

    Raises:
      InputError: the run is not complete, or leaves no such genome.
      BrokenRunError: the file is missing or damaged.
    """
    folders.check_complete(read.path, "genomes")
    if cell is None:
        folders.check_genome(read, which)
        return runlog.read_genome(read.path, which)
    archive = exchange.archive_of(read.path, read.config)
    with runlog.raising(runlog.InputError, "--cell: "):
        return evolution.named_elite(read.config, read.seed, archive, cell)


def cell_number(read: folders.RunFolder, place: Sequence[int]) -> int:
    """The number of a cell of a run's archive, given so or by its place on the grid.

    Raises:
      InputError: a run without an archive, or no such cell.
    """
    if "archive" not in read.kind.artifacts:
        raise runlog.InputError(
            f"--cell must go with a run of koki2 qd, got {read.path}."
        )
    with runlog.raising(runlog.InputError, "--cell "):
        return exchange.cell_number(read.config.archive, place)
