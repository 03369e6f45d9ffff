"""Cells: the runs of a sweep, each a config and a seed, in a folder of a fixed name.

A cell's folder is named after everything that decides its bits, so that a sweep that is
started again, or extended, finds what is done already.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from koki2.runlog import jsontext


@dataclasses.dataclass(frozen=True, kw_only=True)
class Cell:
    """One run of a sweep.

    Example:
      >>> from koki2.evolution.configs import EvolutionConfig
      >>> cell = Cell(kind="evo", config=EvolutionConfig(), seed=3)
      >>> cell.folder.startswith("evo_"), cell.folder.endswith("_seed3")
      (True, True)
    """

    kind: str
    """The name of its kind of run."""
    config: Any
    """Of the class that the kind says."""
    seed: int
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """What tells its config from those of the other cells, for tables."""
    provenance: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Where each value came from, by dotted path."""
    objects: Mapping[str, Mapping[str, str]] = dataclasses.field(default_factory=dict)
    """From outside the package, by role; see `session.objects`."""

    @property
    def shape(self) -> str:
        """Digest of all that decides the compiled program: cells that share it differ
        only in their seed."""
        plain = {"config": dataclasses.asdict(self.config), "objects": self.objects}
        return f"{self.kind}_{jsontext.digest(plain)[:12]}"

    @property
    def folder(self) -> str:
        """The name of its run folder."""
        return f"{self.shape}_seed{self.seed}"

    @property
    def label(self) -> str:
        """Its settings and seed on one line."""
        words = [f"{name} {value}" for name, value in self.settings.items()]
        return ", ".join([*words, f"seed {self.seed}"])


class Piece(NamedTuple):
    """Cells of one shape that one process runs, one after the other."""

    cells: list[Cell]
    seeds: list[int]
    """Of all cells of this shape: the program is compiled for them all, so that every
    process compiles, or finds in the cache, the same."""


def pieces(
    cells: Sequence[Cell],
    jobs: int,
    is_left: Callable[[Cell], bool] = lambda cell: True,
) -> list[Piece]:
    """Cuts cells into pieces: a shape each, or parts of it if there are more processes.

    Args:
      cells: of one sweep or several.
      jobs: number of processes.
      is_left: whether a cell is still to be run; others only count as seeds.

    Example:
      >>> from koki2.evolution.configs import EvolutionConfig
      >>> cells = [Cell(kind="evo", config=EvolutionConfig(), seed=s) for s in range(5)]
      >>> [[c.seed for c in piece.cells] for piece in pieces(cells, jobs=2)]
      [[0, 1, 2], [3, 4]]
      >>> len(pieces(cells, jobs=1)), pieces(cells, jobs=2)[1].seeds
      (1, [0, 1, 2, 3, 4])
    """
    by_shape: dict[str, list[Cell]] = {}
    for cell in cells:
        by_shape.setdefault(cell.shape, []).append(cell)
    left = {shape: [*filter(is_left, of_shape)] for shape, of_shape in by_shape.items()}
    left = {shape: of_shape for shape, of_shape in left.items() if of_shape}
    share = -(-jobs // max(len(left), 1))  # processes per shape
    parts: list[Piece] = []
    for shape, members in left.items():
        size = -(-len(members) // share)
        seeds = [cell.seed for cell in by_shape[shape]]
        for start in range(0, len(members), size):
            parts.append(Piece(members[start : start + size], seeds))
    return parts
