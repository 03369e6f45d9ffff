"""The knobs of a sparse world, level L4.0."""

import dataclasses
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le

from koki2.core.configs import check


@dataclasses.dataclass(frozen=True, kw_only=True)
class SparseConfig:
    """A sparse world, level L4.0. Static: changing a field recompiles."""

    world: Literal["sparse"] = "sparse"
    """The factory in `koki2.envs` that these knobs are for."""
    width: Annotated[int, Ge(2), Le(4096)] = 64
    """Cells from west to east."""
    height: Annotated[int, Ge(1), Le(4096)] = 64
    """Cells from north to south."""
    smell_range: Annotated[int, Ge(1), Le(8192)] = 8
    """Cells, as the crow flies, beyond which a source is not smelled."""
    num_sources: Annotated[int, Ge(1), Le(64)] = 6
    """Good sources, K; one that is arrived at is elsewhere at once."""
    steps: Annotated[int, Ge(1), Le(1_000_000)] = 256
    """Length of a life, T."""
    energy_init: Annotated[float, Gt(0), Le(1)] = 1.0
    """Energy at birth."""
    energy_decay: Annotated[float, Ge(0)] = 0.0125
    """Energy lost per step: without food a full store lasts 80 steps."""
    energy_gain: Annotated[float, Ge(0)] = 0.5
    """Energy gained on arriving at a source."""

    def __post_init__(self):
        check(self)
