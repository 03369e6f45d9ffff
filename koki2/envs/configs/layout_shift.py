"""The settings of layout shift, level L2.2."""

import dataclasses
from typing import Annotated, Literal

from annotated_types import Ge, Le

from koki2.core.configs import check
from koki2.envs.configs import fields


@dataclasses.dataclass(frozen=True, kw_only=True)
class LayoutShiftConfig:
    """Layout shift, level L2.2. Static: changing a field recompiles."""

    world: Literal["layout_shift"] = "layout_shift"
    width: fields.Width = 16
    height: fields.Height = 16
    num_red: fields.OneTo64 = 3
    """Sources that look red; one that is arrived at comes back elsewhere at once."""
    num_blue: fields.OneTo64 = 3
    """Sources that look blue; either all red feed and all blue harm, or vice versa."""
    drawn_at_birth: bool = True
    """Draw which kind feeds anew for every life; off: at birth it is red."""
    swaps_within: bool = True
    """Swap the kinds once in a life, at a time drawn from its middle half."""
    places_shift: Annotated[int, Ge(0), Le(1_000_000)] = 32
    """Steps from one move of all sources to elsewhere to the next; 0 is never."""
    steps: fields.Steps = 128
    energy_init: fields.EnergyInit = 1.0
    energy_decay: fields.Amount = 0.025
    """Energy lost per step: without food a full store lasts 40 steps."""
    energy_gain: fields.Amount = 0.25
    """Energy gained on arriving at what feeds, as far as there is room."""
    integrity_loss: fields.Amount = 0.25
    """Integrity lost on arriving at what harms; a life starts with 1."""
    feels_taste: bool = True
    """Whether a channel says what this step's arrival did: 1 fed, -1 harmed."""
    tells_valence: bool = False
    """Let a channel say which kind feeds (1 red, -1 blue): the control."""

    def __post_init__(self):
        check(self)
