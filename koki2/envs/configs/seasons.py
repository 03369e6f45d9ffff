"""The knobs of seasons, level L4.1."""

import dataclasses
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le

from koki2.core.configs import check


@dataclasses.dataclass(frozen=True, kw_only=True)
class SeasonsConfig:
    """Seasons, level L4.1. Static: changing a field recompiles."""

    world: Literal["seasons"] = "seasons"
    """The factory in `koki2.envs` that these knobs are for."""
    width: Annotated[int, Ge(2), Le(4096)] = 16
    """Cells from west to east; the western half is the smaller one, if they differ."""
    height: Annotated[int, Ge(1), Le(4096)] = 16
    """Cells from north to south."""
    period: Annotated[int, Ge(2), Le(1_000_000)] = 96
    """Steps in a year: in its first half the west is rich, then the east."""
    num_sources: Annotated[int, Ge(2), Le(64)] = 6
    """Sources, K, half of them west; one arrived at goes elsewhere in its half."""
    steps: Annotated[int, Ge(1), Le(1_000_000)] = 192
    """Length of a life, T."""
    energy_init: Annotated[float, Gt(0), Le(1)] = 1.0
    """Energy at birth."""
    energy_decay: Annotated[float, Ge(0)] = 0.025
    """Energy lost per step: without food a full store lasts 40 steps."""
    energy_gain: Annotated[float, Ge(0)] = 0.3
    """Energy gained on arriving at a source in season."""
    energy_gain_off: Annotated[float, Ge(0)] = 0.0
    """Energy gained on arriving at a source out of season."""
    season_cue: bool = False
    """Whether the agent feels the time of the year, as a slow sine."""

    def __post_init__(self):
        check(self)
