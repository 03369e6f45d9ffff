"""The settings of worlds whose rules must be found out, levels L2.2 and L5."""

import dataclasses
from typing import Annotated, Literal

from annotated_types import Ge, Le

from koki2.core.configs import check
from koki2.envs.configs import fields


@dataclasses.dataclass(frozen=True, kw_only=True)
class LayoutShiftConfig:
    """Layout shift, level L2.2."""

    world: Literal["layout_shift"] = "layout_shift"
    width: fields.Width = 16
    height: fields.Height = 16
    num_red: fields.OneTo64 = 3
    """Sources that look red; one that is arrived at comes back elsewhere at once."""
    num_blue: fields.OneTo64 = 3
    """Sources that look blue; either all red feed and all blue harm, or vice versa."""
    drawn_at_birth: bool = True
    """Draw which kind feeds anew for every episode; off: at birth it is red."""
    swaps_within: bool = True
    """Swap the kinds once in an episode, at a time drawn from its middle half."""
    places_shift: Annotated[int, Ge(0), Le(1_000_000)] = 32
    """Steps from one move of all sources to elsewhere to the next; 0 is never."""
    steps: fields.Steps = 128
    energy_init: fields.EnergyInit = 1.0
    energy_decay: fields.EnergyDecay = 0.025
    energy_gain: fields.Rate = 0.25
    """Energy gained on arriving at what feeds, as far as there is room."""
    integrity_loss: fields.Rate = 0.25
    """Integrity lost on arriving at what harms; an episode starts with 1."""
    feels_taste: bool = True
    """Whether a channel gives what this step's arrival did: 1 fed, -1 harmed."""
    tells_valence: bool = False
    """Let a channel give which kind feeds (1 red, -1 blue): the control."""

    __post_init__ = check


@dataclasses.dataclass(frozen=True, kw_only=True)
class FamilyConfig:
    """A family of worlds, level L5."""

    world: Literal["family"] = "family"
    width: fields.Width = 16
    height: fields.Height = 16
    num_sources: fields.OneTo64 = 4
    """Sources in the world, K, good and bad."""
    gain_min: fields.Rate = 0.2
    """Least energy gained on arriving at a good source."""
    gain_max: fields.Rate = 0.4
    """Most energy gained on arriving at a good source."""
    decay_min: fields.Rate = 0.0167
    """Least energy lost per step: without food a full store lasts 60 steps."""
    decay_max: fields.Rate = 0.025
    """Most energy lost per step: it lasts 40."""
    loss_min: fields.Rate = 0.02
    """Least integrity lost on arriving at a bad source; an episode starts with 1."""
    loss_max: fields.Rate = 0.1
    """Most integrity lost on arriving at a bad source."""
    bad_min: fields.Whole = 0
    """Fewest sources that harm instead of feed."""
    bad_max: fields.Whole = 2
    """Most sources that harm instead of feed."""
    dropout_min: fields.Probability = 0.0
    """Least chance per step that the gradient reads zero."""
    dropout_max: fields.Probability = 0.3
    """Greatest chance per step that the gradient reads zero."""
    delay_min: fields.Whole = 0
    """Fewest steps until a source arrived at is back, elsewhere; 0 is at once."""
    delay_max: fields.Whole = 6
    """Most steps until it is back."""
    turns: Annotated[int, Ge(1), Le(4)] = 4
    """Quarter turns that senses may be turned by: so many of 0, 1, 2, 3."""
    mirrors: bool = True
    """Whether senses may be mirrored, too."""
    steps: fields.Steps = 128
    energy_init: fields.EnergyInit = 1.0

    def __post_init__(self):
        check(self)
        fields.check_ranges(self, "gain", "decay", "loss", "bad", "dropout", "delay")
        if self.bad_max > self.num_sources:
            raise ValueError(
                "bad_max must not exceed num_sources, which counts good and bad "
                f"together, got {self.bad_max} of {self.num_sources}."
            )
