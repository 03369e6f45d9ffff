"""The knobs of misleading cues, level L3.2."""

import dataclasses
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le

from koki2.core.configs import check

Probability = Annotated[float, Ge(0), Le(1)]


@dataclasses.dataclass(frozen=True, kw_only=True)
class MisleadingCuesConfig:
    """Misleading cues, level L3.2. Static: changing a field recompiles."""

    world: Literal["misleading_cues"] = "misleading_cues"
    """The factory in `koki2.envs` that these knobs are for."""
    width: Annotated[int, Ge(2), Le(4096)] = 16
    """Cells from west to east."""
    height: Annotated[int, Ge(1), Le(4096)] = 16
    """Cells from north to south."""
    num_shelters: Annotated[int, Ge(1), Le(64)] = 5
    """Cells in which nobody is struck."""
    cue_delay: Annotated[int, Ge(1), Le(4096)] = 8
    """Steps from a cue, which sounds for one step, to the strike, if one follows."""
    calm_min: Annotated[int, Ge(1), Le(4096)] = 2
    """Fewest steps from then to the next cue."""
    calm_max: Annotated[int, Ge(1), Le(4096)] = 12
    """Most steps from then to the next cue."""
    strike_p: Probability = 0.8
    """Chance that a strike follows the honest cue."""
    false_p: Probability = 0.5
    """Chance that a cue is the other one, which no strike ever follows."""
    strike_loss: Annotated[float, Ge(0)] = 0.5
    """Integrity lost by a strike in the open; a life starts with 1."""
    num_sources: Annotated[int, Ge(1), Le(64)] = 3
    """Good sources in the open, K; one arrived at is elsewhere at once."""
    steps: Annotated[int, Ge(1), Le(1_000_000)] = 128
    """Length of a life, T."""
    energy_init: Annotated[float, Gt(0), Le(1)] = 1.0
    """Energy at birth."""
    energy_decay: Annotated[float, Ge(0)] = 0.025
    """Energy lost per step: without food a full store lasts 40 steps."""
    energy_gain: Annotated[float, Ge(0)] = 0.3
    """Energy gained on arriving at a source."""

    def __post_init__(self):
        check(self)
        if self.calm_min > self.calm_max:
            raise ValueError(
                "calm_min must not exceed calm_max, since a calm lasts between them, "
                f"got {self.calm_min} and {self.calm_max}."
            )
