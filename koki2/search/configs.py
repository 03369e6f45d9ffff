"""The knobs of search. Imports no JAX, so that `--help` answers at once."""

import dataclasses
from typing import Annotated

from annotated_types import Ge, Gt, Le

from koki2.core.configs import check
from koki2.search.catalogue import check_strategy


@dataclasses.dataclass(frozen=True, kw_only=True)
class SearchConfig:
    """Which strategy looks for genomes, and how boldly. Static."""

    strategy: str = "openai_es"
    """openai_es (ours), or any evosax algorithm in snake case, as cma_es."""
    pop_size: Annotated[int, Ge(2), Le(1_000_000)] = 64
    """Genomes per generation, P."""
    sigma: Annotated[float, Gt(0)] = 0.1
    """Standard deviation of the search noise, in genome units."""
    lr: Annotated[float, Gt(0)] = 0.05
    """Learning rate of gradient-like strategies, openai_es among them."""

    def __post_init__(self):
        check(self)
        check_strategy(self.strategy, self.pop_size)
