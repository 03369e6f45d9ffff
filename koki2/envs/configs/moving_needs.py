"""The settings of moving needs, level L4.2."""

import dataclasses
from typing import Annotated, Literal

from annotated_types import Ge

from koki2.core.configs import check
from koki2.envs.configs import fields


@dataclasses.dataclass(frozen=True, kw_only=True)
class MovingNeedsConfig:
    """Moving needs, level L4.2. Static: changing a field recompiles."""

    world: Literal["moving_needs"] = "moving_needs"
    width: fields.Width = 16
    height: fields.Height = 16
    num_food: fields.OneTo64 = 2
    """Sources of energy; one that is arrived at comes back elsewhere at once."""
    num_water: fields.OneTo64 = 2
    """Sources of hydration, likewise."""
    steps: fields.Steps = 128
    turns: fields.UpTo64 = 2
    """How often the season turns in a life, once in each of so many equal stretches."""
    pressed_rate: Annotated[float, Ge(1)] = 4.0
    """How many times as fast the need of the season falls: energy when cold,
    hydration when hot."""
    pressed_weight: Annotated[float, Ge(1)] = 4.0
    """Weight of that need in the drive; the other's is 1."""
    energy_init: fields.EnergyInit = 1.0
    energy_decay: fields.Amount = 0.008
    """Energy lost per step out of its season: a full store lasts 125 steps."""
    energy_gain: fields.Amount = 0.25
    """Energy gained on arriving at food, as far as there is room."""
    hydration_init: fields.HydrationInit = 1.0
    hydration_decay: fields.Amount = 0.008
    """Hydration lost per step out of its season."""
    hydration_gain: fields.Amount = 0.25
    """Hydration gained on arriving at water, as far as there is room."""

    def __post_init__(self):
        check(self)
