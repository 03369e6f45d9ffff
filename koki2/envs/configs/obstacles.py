"""The knobs of obstacles, level L1.2."""

import dataclasses
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le

from koki2.core.configs import check


@dataclasses.dataclass(frozen=True, kw_only=True)
class ObstaclesConfig:
    """Obstacles, level L1.2. Static: changing a field recompiles."""

    world: Literal["obstacles"] = "obstacles"
    """The factory in `koki2.envs` that these knobs are for."""
    rooms: Annotated[int, Ge(1), Le(64)] = 4
    """Rooms in a row, parted by walls from north to south; 1 is no wall at all."""
    room_width: Annotated[int, Ge(1), Le(64)] = 3
    """Cells from wall to wall."""
    height: Annotated[int, Ge(2), Le(4096)] = 12
    """Cells from north to south."""
    doors: Annotated[int, Ge(1), Le(8)] = 1
    """Doors of a wall, each one cell, anywhere along it."""
    num_sources: Annotated[int, Ge(1), Le(64)] = 3
    """Good sources, K; one that is arrived at comes back elsewhere at once."""
    steps: Annotated[int, Ge(1), Le(1_000_000)] = 128
    """Length of a life, T."""
    energy_init: Annotated[float, Gt(0), Le(1)] = 1.0
    """Energy at birth."""
    energy_decay: Annotated[float, Ge(0)] = 0.025
    """Energy lost per step: without food a full store lasts 40 steps."""
    energy_gain: Annotated[float, Ge(0)] = 0.3
    """Energy gained on arriving at a source."""
    feels_walls: bool = True
    """Whether the agent feels what blocks its four sides."""

    def __post_init__(self):
        check(self)

    @property
    def width(self) -> int:
        """Cells from west to east, walls included."""
        return self.rooms * (self.room_width + 1) - 1
