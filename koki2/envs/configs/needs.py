"""The settings of worlds with two needs, levels L2.0, L2.1 and L4.2."""

import dataclasses
from typing import Literal

from koki2.core.configs import check
from koki2.envs.configs import fields


@dataclasses.dataclass(frozen=True, kw_only=True)
class TwoNeedsConfig:
    """Two needs, level L2.0."""

    world: Literal["two_needs"] = "two_needs"
    width: fields.Width = 16
    height: fields.Height = 16
    num_food: fields.Food = 3
    num_water: fields.Water = 3
    steps: fields.Steps = 128
    energy_init: fields.EnergyInit = 1.0
    energy_decay: fields.EnergyDecay = 0.025
    energy_gain: fields.FoodGain = 0.25
    hydration_init: fields.HydrationInit = 1.0
    hydration_decay: fields.HydrationDecay = 0.025
    hydration_gain: fields.WaterGain = 0.25

    __post_init__ = check


@dataclasses.dataclass(frozen=True, kw_only=True)
class TradeOffsConfig:
    """Trade-offs, level L2.1."""

    world: Literal["trade_offs"] = "trade_offs"
    width: fields.Width = 16
    height: fields.Height = 16
    num_salty: fields.UpTo64 = 3
    """Sources of salty food: energy, at the cost of hydration."""
    num_foul: fields.UpTo64 = 3
    """Sources of foul water: hydration, at the cost of energy."""
    num_food: fields.UpTo64 = 1
    """Sources of clean food; any source arrived at comes back elsewhere at once."""
    num_water: fields.UpTo64 = 1
    """Sources of clean water."""
    steps: fields.Steps = 128
    energy_init: fields.EnergyInit = 1.0
    energy_decay: fields.EnergyDecay = 0.02
    energy_gain: fields.FoodGain = 0.4
    energy_loss: fields.Amount = 0.3
    """Energy lost on arriving at foul water."""
    hydration_init: fields.HydrationInit = 1.0
    hydration_decay: fields.HydrationDecay = 0.02
    hydration_gain: fields.WaterGain = 0.4
    hydration_loss: fields.Amount = 0.3
    """Hydration lost on arriving at salty food."""

    def __post_init__(self):
        check(self)
        if not self.num_salty + self.num_foul + self.num_food + self.num_water:
            raise ValueError(
                "trade-offs must have at least one source of any kind, got num_salty = "
                "num_foul = num_food = num_water = 0."
            )


@dataclasses.dataclass(frozen=True, kw_only=True)
class MovingNeedsConfig:
    """Moving needs, level L4.2."""

    world: Literal["moving_needs"] = "moving_needs"
    width: fields.Width = 16
    height: fields.Height = 16
    num_food: fields.Food = 2
    num_water: fields.Water = 2
    steps: fields.Steps = 128
    turns: fields.UpTo64 = 2
    """How often the season turns: once in each of so many equal parts of an episode."""
    pressed_rate: fields.Factor = 4.0
    """How many times as fast the need of the season falls: energy when cold,
    hydration when hot."""
    pressed_weight: fields.Factor = 4.0
    """Weight of that need in the drive; the other's is 1."""
    energy_init: fields.EnergyInit = 1.0
    energy_decay: fields.Rate = 0.008
    """Energy lost per step out of its season: a full store lasts 125 steps."""
    energy_gain: fields.FoodGain = 0.25
    hydration_init: fields.HydrationInit = 1.0
    hydration_decay: fields.Rate = 0.008
    """Hydration lost per step out of its season."""
    hydration_gain: fields.WaterGain = 0.25

    __post_init__ = check
