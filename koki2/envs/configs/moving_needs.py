"""The knobs of moving needs, level L4.2."""

import dataclasses
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le

from koki2.core.configs import check


@dataclasses.dataclass(frozen=True, kw_only=True)
class MovingNeedsConfig:
    """Moving needs, level L4.2. Static: changing a field recompiles."""

    world: Literal["moving_needs"] = "moving_needs"
    """The factory in `koki2.envs` that these knobs are for."""
    width: Annotated[int, Ge(2), Le(4096)] = 16
    """Cells from west to east."""
    height: Annotated[int, Ge(2), Le(4096)] = 16
    """Cells from north to south."""
    num_food: Annotated[int, Ge(1), Le(64)] = 2
    """Sources of energy; one that is arrived at comes back elsewhere at once."""
    num_water: Annotated[int, Ge(1), Le(64)] = 2
    """Sources of hydration, likewise."""
    steps: Annotated[int, Ge(1), Le(1_000_000)] = 128
    """Length of a life, T."""
    turns: Annotated[int, Ge(0), Le(64)] = 2
    """How often the season turns in a life, once in each of so many equal stretches."""
    pressed_rate: Annotated[float, Ge(1)] = 4.0
    """How many times as fast the need of the season falls: energy when cold,
    hydration when hot."""
    pressed_weight: Annotated[float, Ge(1)] = 4.0
    """Weight of that need in the drive; the other's is 1."""
    energy_init: Annotated[float, Gt(0), Le(1)] = 1.0
    """Energy at birth."""
    energy_decay: Annotated[float, Ge(0)] = 0.008
    """Energy lost per step out of its season: a full store lasts 125 steps."""
    energy_gain: Annotated[float, Ge(0)] = 0.25
    """Energy gained on arriving at food, as far as there is room."""
    hydration_init: Annotated[float, Gt(0), Le(1)] = 1.0
    """Hydration at birth."""
    hydration_decay: Annotated[float, Ge(0)] = 0.008
    """Hydration lost per step out of its season."""
    hydration_gain: Annotated[float, Ge(0)] = 0.25
    """Hydration gained on arriving at water, as far as there is room."""

    def __post_init__(self):
        check(self)
