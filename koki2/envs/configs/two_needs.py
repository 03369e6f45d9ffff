"""The knobs of two needs, level L2.0."""

import dataclasses
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le

from koki2.core.configs import check


@dataclasses.dataclass(frozen=True, kw_only=True)
class TwoNeedsConfig:
    """Two needs, level L2.0. Static: changing a field recompiles."""

    world: Literal["two_needs"] = "two_needs"
    """The factory in `koki2.envs` that these knobs are for."""
    width: Annotated[int, Ge(2), Le(4096)] = 16
    """Cells from west to east."""
    height: Annotated[int, Ge(2), Le(4096)] = 16
    """Cells from north to south."""
    num_food: Annotated[int, Ge(1), Le(64)] = 3
    """Sources of energy; one that is arrived at comes back elsewhere at once."""
    num_water: Annotated[int, Ge(1), Le(64)] = 3
    """Sources of hydration, likewise."""
    steps: Annotated[int, Ge(1), Le(1_000_000)] = 128
    """Length of a life, T."""
    energy_init: Annotated[float, Gt(0), Le(1)] = 1.0
    """Energy at birth."""
    energy_decay: Annotated[float, Ge(0)] = 0.025
    """Energy lost per step: without food a full store lasts 40 steps."""
    energy_gain: Annotated[float, Ge(0)] = 0.25
    """Energy gained on arriving at food, as far as there is room."""
    hydration_init: Annotated[float, Gt(0), Le(1)] = 1.0
    """Hydration at birth."""
    hydration_decay: Annotated[float, Ge(0)] = 0.025
    """Hydration lost per step."""
    hydration_gain: Annotated[float, Ge(0)] = 0.25
    """Hydration gained on arriving at water, as far as there is room."""

    def __post_init__(self):
        check(self)
