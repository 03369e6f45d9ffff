"""Cells: the runs of a sweep, each a config and a seed, in a folder of a fixed name.

A cell's folder is named after everything that decides its bits, so that a sweep that is
started again, or extended, finds what is done already.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from koki2.core.configs import plain
from koki2.core.numbers import shape
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
        only in their seed, and in numbers that are data."""
        return self._digest(shape(self.config))

    @property
    def folder(self) -> str:
        """The name of its run folder."""
        return f"{self._digest(plain(self.config))}_seed{self.seed}"

    def _digest(self, config: Mapping[str, Any]) -> str:
        whole = {"config": config, "objects": self.objects}
        return f"{self.kind}_{jsontext.digest(whole)[:12]}"

    @property
    def label(self) -> str:
        """Its settings and seed on one line."""
        words = [f"{name} {value}" for name, value in self.settings.items()]
        return ", ".join([*words, f"seed {self.seed}"])


class Piece(NamedTuple):
    """Cells of one shape that one process runs, one after the other."""

    cells: list[Cell]
    shape: list[Cell]
    """All cells of this shape: the program is compiled for them all, so that every
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
      >>> len(pieces(cells, jobs=1)), len(pieces(cells, jobs=2)[1].shape)
      (1, 5)
    """
    by_shape: dict[str, list[Cell]] = {}
    for cell in cells:
        by_shape.setdefault(cell.shape, []).append(cell)
    left = {name: [*filter(is_left, all)] for name, all in by_shape.items()}
    left = {name: members for name, members in left.items() if members}
    share = -(-jobs // max(len(left), 1))  # processes per shape
    parts: list[Piece] = []
    for name, members in left.items():
        size = -(-len(members) // share)
        for start in range(0, len(members), size):
            parts.append(Piece(members[start : start + size], by_shape[name]))
    return parts
