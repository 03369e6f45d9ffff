"""The settings of worlds in which food must be searched for, levels L4.0 and L4.1."""

import dataclasses
from typing import Annotated, Literal

from annotated_types import Ge, Le

from koki2.core.configs import check
from koki2.envs.configs import fields


@dataclasses.dataclass(frozen=True, kw_only=True)
class SparseConfig:
    """A sparse world, level L4.0."""

    world: Literal["sparse"] = "sparse"
    width: fields.Width = 64
    height: fields.AnyHeight = 64
    smell_range: Annotated[int, Ge(1), Le(8192)] = 8
    """Cells, as the crow flies, beyond which a source is not smelled."""
    num_sources: fields.Sources = 6
    steps: fields.Steps = 256
    energy_init: fields.EnergyInit = 1.0
    energy_decay: fields.EnergyDecay = 0.0125
    energy_gain: fields.EnergyGain = 0.5

    __post_init__ = check


@dataclasses.dataclass(frozen=True, kw_only=True)
class SeasonsConfig:
    """Seasons, level L4.1."""

    world: Literal["seasons"] = "seasons"
    width: Annotated[int, Ge(2), Le(4096)] = 16
    """Cells from west to east; the western half is the smaller one, if they differ."""
    height: fields.AnyHeight = 16
    period: Annotated[int, Ge(2), Le(1_000_000)] = 96
    """Steps in a year: in its first half the west is rich, then the east."""
    num_sources: Annotated[int, Ge(2), Le(64)] = 6
    """Sources, K, half of them west; one arrived at goes elsewhere in its half."""
    steps: fields.Steps = 192
    energy_init: fields.EnergyInit = 1.0
    energy_decay: fields.EnergyDecay = 0.025
    energy_gain: fields.Rate = 0.3
    """Energy gained on arriving at a source in season."""
    energy_gain_off: fields.Amount = 0.0
    """Energy gained on arriving at a source out of season."""
    season_cue: bool = False
    """Whether the agent senses the time of the year, as a slow sine."""

    __post_init__ = check
