"""The settings of worlds whose ways are barred, levels L1.2, L1.3 and L3.0."""

import dataclasses
from typing import Annotated, Literal

from annotated_types import Ge, Le

from koki2.core.configs import check
from koki2.envs.configs import fields

FRONT = 3  # columns in the west where episodes start
YARD = 3  # columns in the east where the feast lies
BETWEEN = 3  # columns: a free one on either side of the pocket, and its end


@dataclasses.dataclass(frozen=True, kw_only=True)
class ObstaclesConfig:
    """Obstacles, level L1.2."""

    world: Literal["obstacles"] = "obstacles"
    rooms: fields.OneTo64 = 4
    """Rooms in a row, parted by walls from north to south; 1 is no wall at all."""
    room_width: fields.OneTo64 = 3
    """Cells from wall to wall."""
    height: fields.Height = 12
    doors: Annotated[int, Ge(1), Le(8)] = 1
    """Doors of a wall, each one cell, anywhere along it."""
    num_sources: fields.Sources = 3
    steps: fields.Steps = 128
    energy_init: fields.EnergyInit = 1.0
    energy_decay: fields.EnergyDecay = 0.025
    energy_gain: fields.EnergyGain = 0.3
    feels_walls: fields.FeelsWalls = True

    __post_init__ = check

    @property
    def width(self) -> int:
        """Cells from west to east, walls included."""
        return self.rooms * (self.room_width + 1) - 1


@dataclasses.dataclass(frozen=True, kw_only=True)
class DetourConfig:
    """Detour, level L1.3."""

    world: Literal["detour"] = "detour"
    height: Annotated[int, Ge(5), Le(4096)] = 11
    """Cells from north to south."""
    mouth: fields.OneTo64 = 3
    """Rows of the pocket that are open to the west."""
    arm_min: fields.UpTo64 = 3
    """Cells from the pocket's end to the tip of an arm, at least."""
    arm_max: fields.OneTo64 = 6
    """Cells from the pocket's end to the tip of an arm, at most."""
    crumbs: fields.OneTo64 = 4
    """Crumbs, C: the last cells of the straight way in hold one each at the start."""
    steps: fields.Steps = 128
    energy_init: fields.Birth = 0.8
    """Energy at birth; low enough that there is room for all crumbs."""
    energy_decay: fields.EnergyDecay = 0.02
    crumb_gain: fields.Rate = 0.08
    """Energy gained on arriving at a crumb."""
    feast_gain: fields.Rate = 0.3
    """Energy gained on arriving at the feast."""
    feels_walls: fields.FeelsWalls = True

    def __post_init__(self):
        check(self)
        if self.height < self.mouth + 4:
            raise ValueError(
                "DetourConfig.height must be at least mouth + 4, so that one can get "
                "round the pocket's arms on either side, got height="
                f"{self.height} and mouth={self.mouth}."
            )
        fields.check_ranges(self, "arm")
        if self.crumbs > self.arm_max:
            raise ValueError(
                "DetourConfig.crumbs must not exceed arm_max, or some would lie where "
                f"episodes start, got {self.crumbs} and {self.arm_max}."
            )

    @property
    def end(self) -> int:
        """The column of the pocket's closed end."""
        return FRONT + 1 + self.arm_max

    @property
    def width(self) -> int:
        """Cells from west to east."""
        return FRONT + self.arm_max + BETWEEN + YARD


@dataclasses.dataclass(frozen=True, kw_only=True)
class HazardZonesConfig:
    """Hazard zones, level L3.0."""

    world: Literal["hazard_zones"] = "hazard_zones"
    width: fields.Width = 16
    height: fields.Height = 16
    num_zones: fields.UpTo64 = 3
    """Discs in which integrity falls; they may overlap, which is no worse."""
    zone_radius: Annotated[int, Ge(0), Le(1024)] = 3
    """Cells from a zone's centre to its rim."""
    zone_loss: fields.Rate = 0.1
    """Integrity lost per step in a zone; an episode starts with 1."""
    num_sources: fields.OneTo64 = 3
    """Good sources, K, in zones or out; one that is arrived at is elsewhere at once."""
    food_lasts: Annotated[int, Ge(0), Le(1_000_000)] = 24
    """Steps until an uneaten source is elsewhere, one by one; 0 is for ever."""
    steps: fields.Steps = 128
    energy_init: fields.EnergyInit = 1.0
    energy_decay: fields.EnergyDecay = 0.025
    energy_gain: fields.EnergyGain = 0.3
    feels_danger: bool = True
    """Whether the agent senses zones on its four sides, or by contact only."""

    def __post_init__(self):
        check(self)
        least = 4 * self.zone_radius + 2
        if self.num_zones and min(self.width, self.height) < least:
            raise ValueError(
                f"zones of radius {self.zone_radius} need a map of {least} cells each "
                f"way so that a birthplace is free, got {self.width} x {self.height}."
            )
