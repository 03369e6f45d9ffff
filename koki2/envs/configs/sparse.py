"""The settings of a sparse world, level L4.0."""

import dataclasses
from typing import Annotated, Literal

from annotated_types import Ge, Le

from koki2.core.configs import check
from koki2.envs.configs import fields


@dataclasses.dataclass(frozen=True, kw_only=True)
class SparseConfig:
    """A sparse world, level L4.0. Static: changing a field recompiles."""

    world: Literal["sparse"] = "sparse"
    width: fields.Width = 64
    height: fields.AnyHeight = 64
    smell_range: Annotated[int, Ge(1), Le(8192)] = 8
    """Cells, as the crow flies, beyond which a source is not smelled."""
    num_sources: fields.OneTo64 = 6
    """Good sources, K; one that is arrived at is elsewhere at once."""
    steps: fields.Steps = 256
    energy_init: fields.EnergyInit = 1.0
    energy_decay: fields.Amount = 0.0125
    """Energy lost per step: without food a full store lasts 80 steps."""
    energy_gain: fields.EnergyGain = 0.5

    def __post_init__(self):
        check(self)
