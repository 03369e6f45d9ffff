"""The knobs of trade-offs, level L2.1."""

import dataclasses
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le

from koki2.core.configs import check


@dataclasses.dataclass(frozen=True, kw_only=True)
class TradeOffsConfig:
    """Trade-offs, level L2.1. Static: changing a field recompiles."""

    world: Literal["trade_offs"] = "trade_offs"
    """The factory in `koki2.envs` that these knobs are for."""
    width: Annotated[int, Ge(2), Le(4096)] = 16
    """Cells from west to east."""
    height: Annotated[int, Ge(2), Le(4096)] = 16
    """Cells from north to south."""
    num_salty: Annotated[int, Ge(0), Le(64)] = 3
    """Sources of salty food: energy, at the cost of hydration."""
    num_foul: Annotated[int, Ge(0), Le(64)] = 3
    """Sources of foul water: hydration, at the cost of energy."""
    num_food: Annotated[int, Ge(0), Le(64)] = 1
    """Sources of clean food; any source arrived at comes back elsewhere at once."""
    num_water: Annotated[int, Ge(0), Le(64)] = 1
    """Sources of clean water."""
    steps: Annotated[int, Ge(1), Le(1_000_000)] = 128
    """Length of a life, T."""
    energy_init: Annotated[float, Gt(0), Le(1)] = 1.0
    """Energy at birth."""
    energy_decay: Annotated[float, Ge(0)] = 0.02
    """Energy lost per step: without food a full store lasts 50 steps."""
    energy_gain: Annotated[float, Ge(0)] = 0.4
    """Energy gained on arriving at food of either kind, as far as there is room."""
    energy_loss: Annotated[float, Ge(0)] = 0.3
    """Energy lost on arriving at foul water."""
    hydration_init: Annotated[float, Gt(0), Le(1)] = 1.0
    """Hydration at birth."""
    hydration_decay: Annotated[float, Ge(0)] = 0.02
    """Hydration lost per step."""
    hydration_gain: Annotated[float, Ge(0)] = 0.4
    """Hydration gained on arriving at water of either kind, as far as there is room."""
    hydration_loss: Annotated[float, Ge(0)] = 0.3
    """Hydration lost on arriving at salty food."""

    def __post_init__(self):
        check(self)
        if not self.num_salty + self.num_foul + self.num_food + self.num_water:
            raise ValueError(
                "trade-offs wants at least one source of any kind, got num_salty = "
                "num_foul = num_food = num_water = 0."
            )
