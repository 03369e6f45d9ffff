"""Settings of search. Imports no JAX, so that `--help` answers at once."""

import dataclasses
import math
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le

from koki2.core.configs import check, Named, ReadWhen
from koki2.search.catalogue import check_strategy, STRATEGIES
from koki2.search.emitters.catalogue import EMITTERS

MAX_CELLS = 10_000_000
_CVT = ReadWhen("archive", is_one_of=("cvt",))


@dataclasses.dataclass(frozen=True, kw_only=True)
class SearchConfig:
    """Which strategy searches for genomes, and with which steps. Static."""

    strategy: Annotated[str, Named(STRATEGIES)] = "openai_es"
    """openai_es or mu_plus_lambda (ours), any evosax algorithm in snake case, as
    cma_es, or one that was registered."""
    pop_size: Annotated[int, Ge(2), Le(1_000_000)] = 64
    """Genomes per generation, P."""
    sigma: Annotated[float, Gt(0)] = 0.1
    """Standard deviation of the search noise, in genome units."""
    lr: Annotated[float, Gt(0)] = 0.05
    """Learning rate of gradient-like strategies, openai_es among them."""

    def __post_init__(self) -> None:
        check(self)
        check_strategy(self.strategy, self.pop_size)


@dataclasses.dataclass(frozen=True, kw_only=True)
class EmitterConfig:
    """How MAP-Elites makes new genomes from elites. Static."""

    emitter: Annotated[str, Named(EMITTERS)] = "iso_line"
    """gaussian: an elite and noise. iso_line: noise, and some along the line to another
    elite. mutation: the genome's own, group by group. improvement: a strategy whose
    fitness is how much it improved the archive (CMA-ME). novelty: a strategy whose
    fitness is its distance from all elites. Or one that was registered."""
    batch_size: Annotated[int, Ge(2), Le(1_000_000)] = 64
    """Genomes per generation, P."""
    init_sigma: Annotated[float, Gt(0)] = 1.0
    """Standard deviation of the first genomes, while the archive is empty, in genome
    units around the initial genome."""
    sigma: Annotated[float, Ge(0)] = 0.1
    """Of gaussian and mutation: standard deviation of the noise. Of a strategy: that
    with which it starts."""
    rate: Annotated[float, Ge(0), Le(1)] = 1.0
    """Of mutation: probability that a group of genes mutates."""
    iso_sigma: Annotated[float, Ge(0)] = 0.05
    """Of iso_line: standard deviation of the noise in all directions."""
    line_sigma: Annotated[float, Ge(0)] = 0.1
    """Of iso_line: standard deviation along the line, in units of its length."""
    strategy: str = "sep_cma_es"
    """Of improvement and novelty: the strategy, by its name in search."""
    novelty_k: Annotated[int, Ge(1), Le(1_000_000)] = 15
    """Of novelty: how many nearest neighbours the mean distance is taken to."""

    def __post_init__(self) -> None:
        check(self)
        if EMITTERS.find(self.emitter).uses_strategy:
            check_strategy(self.strategy, self.batch_size)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ArchiveConfig:
    """Which cells the behaviour space is cut into. Static."""

    archive: Literal["grid", "cvt"] = "grid"
    """grid: equal boxes. cvt: centroids (CVT-MAP-Elites), for many dimensions."""
    shape: Annotated[
        tuple[Annotated[int, Ge(1)], ...], ReadWhen("archive", is_one_of=("grid",))
    ] = (32, 32)
    """Cells per dimension of a grid."""
    cvt_cells: Annotated[int, Ge(1), Le(1_000_000), _CVT] = 1024
    """Centroids of a cvt."""
    cvt_samples: Annotated[int, Ge(1), Le(10_000_000), _CVT] = 65_536
    """Points that the centroids of a cvt are fitted to."""
    cvt_seed: Annotated[int, Ge(0), _CVT] = 0
    """Seed of these points."""
    low: tuple[float, ...] = (0.0, 0.0)
    """Lower edge of the space in each dimension."""
    high: tuple[float, ...] = (1.0, 1.0)
    """Upper edge in each dimension; descriptors outside are refused."""
    qd_offset: float = 0.0
    """Subtracted from every fitness in the QD-score: the lowest possible fitness."""

    def __post_init__(self) -> None:
        check(self)
        edges = f"got {self.low} and {self.high}"
        if not 1 <= len(self.low) == len(self.high):
            raise ValueError(
                "low and high must have a number for each dimension of the space, so "
                f"equally many, {edges}."
            )
        if not all(map(_is_span, self.low, self.high)):
            raise ValueError(
                f"low must be finite numbers below those of high, {edges}."
            )
        if self.archive == "grid":
            if len(self.shape) != len(self.low):
                raise ValueError(
                    "shape must have a number of cells for each dimension, "
                    f"got {self.shape} for {len(self.low)} dimensions."
                )
            if min(self.shape) < 1 or math.prod(self.shape) > MAX_CELLS:
                raise ValueError(
                    f"shape must have at least one cell per dimension and at most "
                    f"{MAX_CELLS} in all, got {self.shape}."
                )
        elif self.cvt_samples < self.cvt_cells:
            raise ValueError(
                "cvt_samples must be at least cvt_cells, since each centroid needs a "
                f"point, got {self.cvt_samples} for {self.cvt_cells}."
            )

    @property
    def dims(self) -> int:
        """Numbers in a descriptor, B."""
        return len(self.low)


def _is_span(low: float, high: float) -> bool:
    return math.isfinite(low) and math.isfinite(high) and low < high
