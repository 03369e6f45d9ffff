"""The settings of worlds with storms, levels L3.1 and L3.2."""

import dataclasses
from typing import Literal

from koki2.core.configs import check
from koki2.envs.configs import fields


@dataclasses.dataclass(frozen=True, kw_only=True)
class PredictiveCuesConfig:
    """Predictive cues, level L3.1."""

    world: Literal["predictive_cues"] = "predictive_cues"
    width: fields.Width = 16
    height: fields.AnyHeight = 16
    num_shelters: fields.Shelters = 5
    cue_delay: fields.Wait = 10
    """Steps from a cue, which sounds for one step, to the strike."""
    calm_min: fields.Wait = 8
    """Fewest steps from a strike to the next cue."""
    calm_max: fields.Wait = 24
    """Most steps from a strike to the next cue."""
    strike_loss: fields.StrikeLoss = 0.5
    num_sources: fields.Sources = 3
    steps: fields.Steps = 128
    energy_init: fields.EnergyInit = 1.0
    energy_decay: fields.EnergyDecay = 0.025
    energy_gain: fields.EnergyGain = 0.3

    def __post_init__(self):
        check(self)
        fields.check_ranges(self, "calm")


@dataclasses.dataclass(frozen=True, kw_only=True)
class MisleadingCuesConfig:
    """Misleading cues, level L3.2."""

    world: Literal["misleading_cues"] = "misleading_cues"
    width: fields.Width = 16
    height: fields.AnyHeight = 16
    num_shelters: fields.Shelters = 5
    cue_delay: fields.Wait = 8
    """Steps from a cue, which sounds for one step, to the strike, if one follows."""
    calm_min: fields.Wait = 2
    """Fewest steps from then to the next cue."""
    calm_max: fields.Wait = 12
    """Most steps from then to the next cue."""
    strike_p: fields.Chance = 0.8
    """Chance that a strike follows the honest cue."""
    false_p: fields.Chance = 0.5
    """Chance that a cue is the other one, which no strike ever follows."""
    strike_loss: fields.StrikeLoss = 0.5
    num_sources: fields.Sources = 3
    steps: fields.Steps = 128
    energy_init: fields.EnergyInit = 1.0
    energy_decay: fields.EnergyDecay = 0.025
    energy_gain: fields.EnergyGain = 0.3

    def __post_init__(self):
        check(self)
        fields.check_ranges(self, "calm")
