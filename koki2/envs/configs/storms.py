"""The settings of worlds with storms, levels L3.1 and L3.2."""

import dataclasses
from typing import Literal

from koki2.core.configs import check
from koki2.envs.configs import fields


@dataclasses.dataclass(frozen=True, kw_only=True)
class PredictiveCuesConfig:
    """Predictive cues, level L3.1. Static: changing a field recompiles."""

    world: Literal["predictive_cues"] = "predictive_cues"
    width: fields.Width = 16
    height: fields.AnyHeight = 16
    num_shelters: fields.OneTo64 = 5
    """Cells in which a strike does no harm."""
    cue_delay: fields.Cells = 10
    """Steps from a cue, which sounds for one step, to the strike."""
    calm_min: fields.Cells = 8
    """Fewest steps from a strike to the next cue."""
    calm_max: fields.Cells = 24
    """Most steps from a strike to the next cue."""
    strike_loss: fields.Amount = 0.5
    """Integrity lost by a strike in the open; a life starts with 1."""
    num_sources: fields.OneTo64 = 3
    """Good sources in the open, K; one arrived at is elsewhere at once."""
    steps: fields.Steps = 128
    energy_init: fields.EnergyInit = 1.0
    energy_decay: fields.Amount = 0.025
    """Energy lost per step: without food a full store lasts 40 steps."""
    energy_gain: fields.EnergyGain = 0.3

    def __post_init__(self):
        check(self)
        if self.calm_min > self.calm_max:
            raise ValueError(
                "calm_min must not exceed calm_max, since a calm lasts between them, "
                f"got {self.calm_min} and {self.calm_max}."
            )


@dataclasses.dataclass(frozen=True, kw_only=True)
class MisleadingCuesConfig:
    """Misleading cues, level L3.2. Static: changing a field recompiles."""

    world: Literal["misleading_cues"] = "misleading_cues"
    width: fields.Width = 16
    height: fields.AnyHeight = 16
    num_shelters: fields.OneTo64 = 5
    """Cells in which a strike does no harm."""
    cue_delay: fields.Cells = 8
    """Steps from a cue, which sounds for one step, to the strike, if one follows."""
    calm_min: fields.Cells = 2
    """Fewest steps from then to the next cue."""
    calm_max: fields.Cells = 12
    """Most steps from then to the next cue."""
    strike_p: fields.Probability = 0.8
    """Chance that a strike follows the honest cue."""
    false_p: fields.Probability = 0.5
    """Chance that a cue is the other one, which no strike ever follows."""
    strike_loss: fields.Amount = 0.5
    """Integrity lost by a strike in the open; a life starts with 1."""
    num_sources: fields.OneTo64 = 3
    """Good sources in the open, K; one arrived at is elsewhere at once."""
    steps: fields.Steps = 128
    energy_init: fields.EnergyInit = 1.0
    energy_decay: fields.Amount = 0.025
    """Energy lost per step: without food a full store lasts 40 steps."""
    energy_gain: fields.EnergyGain = 0.3

    def __post_init__(self):
        check(self)
        if self.calm_min > self.calm_max:
            raise ValueError(
                "calm_min must not exceed calm_max, since a calm lasts between them, "
                f"got {self.calm_min} and {self.calm_max}."
            )
