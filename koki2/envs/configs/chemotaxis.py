"""The settings of chemotaxis, levels L0.0 to L1.1."""

import dataclasses
from typing import Annotated, Literal

from annotated_types import Ge, Le

from koki2.core.configs import check, Later, ReadWhen
from koki2.envs.configs import fields

_HARMS = ReadWhen("num_bad_sources", is_none_of=(0,))
_VANISH = ReadWhen("deplete_sources", is_one_of=(True,))
_GAIN = ReadWhen(
    "grad_gain_min",
    is_none_of=(1.0,),
    otherwise=ReadWhen("grad_gain_max", is_none_of=(1.0,)),
)
_BINS = ReadWhen(
    "grad_bins_min",
    is_none_of=(0.0,),
    otherwise=ReadWhen("grad_bins_max", is_none_of=(0.0,)),
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ChemotaxisConfig:
    """Chemotaxis, levels L0.0 to L1.1."""

    world: Literal["chemotaxis"] = "chemotaxis"
    width: Annotated[int, Ge(2), Le(32768)] = 64
    """Cells from west to east."""
    height: Annotated[int, Ge(1), Le(32768)] = 1
    """Cells from north to south; 1 is the one-dimensional world L0.0."""
    num_sources: fields.OneTo64 = 1
    """Sources in the world, K."""
    num_bad_sources: fields.UpTo64 = 0
    """How many of the sources harm instead of feed."""
    bad_source_integrity_loss: Annotated[fields.Rate, _HARMS] = 0.0
    """Integrity lost on arriving at a bad source; an episode starts with 1."""
    bad_source_deplete_p: Annotated[fields.Probability, _HARMS, _VANISH] = 1.0
    """Chance that a bad source depletes when arrived at (with deplete_sources)."""
    good_only_gradient: bool = False
    """Let the gradient point at good sources only: the informative-cue control."""
    deplete_sources: bool = False
    """A source arrived at vanishes and comes back elsewhere (L1.0)."""
    respawn_delay: Annotated[fields.Whole, _VANISH] = 0
    """Steps until a depleted source comes back; 0 is at once."""
    bad_source_respawn_delay: Annotated[
        int, Ge(-1), Le(1_000_000), _HARMS, _VANISH
    ] = -1
    """The same for bad sources; -1 takes respawn_delay."""
    steps: fields.Steps = 128
    energy_init: fields.EnergyInit = 1.0
    energy_decay: fields.Rate | Literal["auto"] = "auto"
    """Energy lost per step; auto is energy_init / steps, at which none starves."""
    energy_gain: fields.Rate = 0.05
    """Energy gained on arriving at a good source."""
    terminate_on_reach: bool = False
    """End the episode on standing on a good source."""
    obs_noise: fields.Amount = 0.0
    """Standard deviation of the Gaussian noise on all four channels (L1.1)."""
    grad_dropout_p: fields.Probability = 0.0
    """Chance per step that both gradient channels read zero (L1.1)."""
    grad_gain_min: fields.Amount = 1.0
    """Gradient gain at birth."""
    grad_gain_max: fields.Amount = 1.0
    """Gradient gain when mature."""
    grad_gain_start_phi: Annotated[fields.Probability, _GAIN] = 0.0
    """Phase at which the gain starts to rise."""
    grad_gain_end_phi: Annotated[fields.Probability, _GAIN] = 0.0
    """Phase at which it is mature; at or before the start: mature from birth."""
    grad_bins_min: fields.Amount = 0.0
    """Gradient resolution at birth, bins per unit; 0 is exact."""
    grad_bins_max: fields.Amount = 0.0
    """Gradient resolution when mature; 0 is exact."""
    grad_bins_start_phi: Annotated[fields.Probability, _BINS] = 0.0
    """Phase at which the resolution starts to rise."""
    grad_bins_end_phi: Annotated[fields.Probability, _BINS] = 0.0
    """Phase at which it is mature; at or before the start: mature from birth."""

    hazard_smell: Annotated[fields.Amount, Later()] | None = None
    """Gain of a sense of its own, the way to the nearest source that harms: two more
    channels. 0 is the control, channels that read zero; none has no such channels."""

    def __post_init__(self):
        check(self)
        if self.num_bad_sources > self.num_sources:
            raise ValueError(
                "num_bad_sources must not exceed num_sources, which counts good and "
                f"bad together, got {self.num_bad_sources} of {self.num_sources}."
            )

    def resolved(self) -> "ChemotaxisConfig":
        """The same, with "auto" replaced by the number that it stands for."""
        if not isinstance(self.energy_decay, str):
            return self
        decay = self.energy_init / self.steps
        return dataclasses.replace(self, energy_decay=decay)
