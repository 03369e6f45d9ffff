"""The settings of obstacles, level L1.2."""

import dataclasses
from typing import Annotated, Literal

from annotated_types import Ge, Le

from koki2.core.configs import check
from koki2.envs.configs import fields


@dataclasses.dataclass(frozen=True, kw_only=True)
class ObstaclesConfig:
    """Obstacles, level L1.2. Static: changing a field recompiles."""

    world: Literal["obstacles"] = "obstacles"
    rooms: fields.OneTo64 = 4
    """Rooms in a row, parted by walls from north to south; 1 is no wall at all."""
    room_width: fields.OneTo64 = 3
    """Cells from wall to wall."""
    height: fields.Height = 12
    doors: Annotated[int, Ge(1), Le(8)] = 1
    """Doors of a wall, each one cell, anywhere along it."""
    num_sources: fields.OneTo64 = 3
    """Good sources, K; one that is arrived at comes back elsewhere at once."""
    steps: fields.Steps = 128
    energy_init: fields.EnergyInit = 1.0
    energy_decay: fields.Amount = 0.025
    """Energy lost per step: without food a full store lasts 40 steps."""
    energy_gain: fields.EnergyGain = 0.3
    feels_walls: bool = True
    """Whether the agent feels what blocks its four sides."""

    def __post_init__(self):
        check(self)

    @property
    def width(self) -> int:
        """Cells from west to east, walls included."""
        return self.rooms * (self.room_width + 1) - 1
