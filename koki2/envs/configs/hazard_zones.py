"""The settings of hazard zones, level L3.0."""

import dataclasses
from typing import Annotated, Literal

from annotated_types import Ge, Le

from koki2.core.configs import check
from koki2.envs.configs import fields


@dataclasses.dataclass(frozen=True, kw_only=True)
class HazardZonesConfig:
    """Hazard zones, level L3.0. Static: changing a field recompiles."""

    world: Literal["hazard_zones"] = "hazard_zones"
    width: fields.Width = 16
    height: fields.Height = 16
    num_zones: fields.UpTo64 = 3
    """Discs in which integrity falls; they may overlap, which is no worse."""
    zone_radius: Annotated[int, Ge(0), Le(1024)] = 3
    """Cells from a zone's centre to its rim."""
    zone_loss: fields.Amount = 0.1
    """Integrity lost per step in a zone; a life starts with 1."""
    num_sources: fields.OneTo64 = 3
    """Good sources, K, in zones or out; one that is arrived at is elsewhere at once."""
    food_lasts: Annotated[int, Ge(0)] = 24
    """Steps until an uneaten source is elsewhere, one by one; 0 is for ever."""
    steps: fields.Steps = 128
    energy_init: fields.EnergyInit = 1.0
    energy_decay: fields.Amount = 0.025
    """Energy lost per step: without food a full store lasts 40 steps."""
    energy_gain: fields.EnergyGain = 0.3
    feels_danger: bool = True
    """Whether the agent feels zones on its four sides, or by contact only."""

    def __post_init__(self):
        check(self)
        least = 4 * self.zone_radius + 2
        if self.num_zones and min(self.width, self.height) < least:
            raise ValueError(
                f"zones of radius {self.zone_radius} need a map of {least} cells each "
                f"way so that a birthplace is free, got {self.width} x {self.height}."
            )
