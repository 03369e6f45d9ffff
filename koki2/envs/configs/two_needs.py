"""The settings of two needs, level L2.0."""

import dataclasses
from typing import Literal

from koki2.core.configs import check
from koki2.envs.configs import fields


@dataclasses.dataclass(frozen=True, kw_only=True)
class TwoNeedsConfig:
    """Two needs, level L2.0. Static: changing a field recompiles."""

    world: Literal["two_needs"] = "two_needs"
    width: fields.Width = 16
    height: fields.Height = 16
    num_food: fields.OneTo64 = 3
    """Sources of energy; one that is arrived at comes back elsewhere at once."""
    num_water: fields.OneTo64 = 3
    """Sources of hydration, likewise."""
    steps: fields.Steps = 128
    energy_init: fields.EnergyInit = 1.0
    energy_decay: fields.Amount = 0.025
    """Energy lost per step: without food a full store lasts 40 steps."""
    energy_gain: fields.Amount = 0.25
    """Energy gained on arriving at food, as far as there is room."""
    hydration_init: fields.HydrationInit = 1.0
    hydration_decay: fields.Amount = 0.025
    """Hydration lost per step."""
    hydration_gain: fields.Amount = 0.25
    """Hydration gained on arriving at water, as far as there is room."""

    def __post_init__(self):
        check(self)
