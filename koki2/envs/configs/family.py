"""The knobs of the family of worlds, level L5: ranges from which a life draws."""

import dataclasses
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le

from koki2.core.configs import check

Probability = Annotated[float, Ge(0), Le(1)]

RANGES = ("gain", "decay", "loss", "bad", "dropout", "delay")


@dataclasses.dataclass(frozen=True, kw_only=True)
class FamilyConfig:
    """A family of worlds, level L5. Static: changing a field recompiles."""

    world: Literal["family"] = "family"
    """The factory in `koki2.envs` that these knobs are for."""
    width: Annotated[int, Ge(2), Le(4096)] = 16
    """Cells from west to east."""
    height: Annotated[int, Ge(2), Le(4096)] = 16
    """Cells from north to south."""
    num_sources: Annotated[int, Ge(1), Le(64)] = 4
    """Sources in the world, K, good and bad."""
    gain_min: Annotated[float, Ge(0)] = 0.2
    """Least energy gained on arriving at a good source."""
    gain_max: Annotated[float, Ge(0)] = 0.4
    """Most energy gained on arriving at a good source."""
    decay_min: Annotated[float, Ge(0)] = 0.0167
    """Least energy lost per step: without food a full store lasts 60 steps."""
    decay_max: Annotated[float, Ge(0)] = 0.025
    """Most energy lost per step: it lasts 40."""
    loss_min: Annotated[float, Ge(0)] = 0.02
    """Least integrity lost on arriving at a bad source; a life starts with 1."""
    loss_max: Annotated[float, Ge(0)] = 0.1
    """Most integrity lost on arriving at a bad source."""
    bad_min: Annotated[int, Ge(0)] = 0
    """Fewest sources that harm instead of feed."""
    bad_max: Annotated[int, Ge(0)] = 2
    """Most sources that harm instead of feed."""
    dropout_min: Probability = 0.0
    """Least chance per step that the gradient reads zero."""
    dropout_max: Probability = 0.3
    """Greatest chance per step that the gradient reads zero."""
    delay_min: Annotated[int, Ge(0)] = 0
    """Fewest steps until a source arrived at is back, elsewhere; 0 is at once."""
    delay_max: Annotated[int, Ge(0)] = 6
    """Most steps until it is back."""
    turns: Annotated[int, Ge(1), Le(4)] = 4
    """Quarter turns that senses may be turned by: so many of 0, 1, 2, 3."""
    mirrors: bool = True
    """Whether senses may be mirrored, too."""
    steps: Annotated[int, Ge(1), Le(1_000_000)] = 128
    """Length of a life, T."""
    energy_init: Annotated[float, Gt(0), Le(1)] = 1.0
    """Energy at birth."""

    def __post_init__(self):
        check(self)
        for name in RANGES:
            least, most = getattr(self, f"{name}_min"), getattr(self, f"{name}_max")
            if least > most:
                raise ValueError(
                    f"{name}_min must not exceed {name}_max, since a life draws "
                    f"between them, got {least} and {most}."
                )
        if self.bad_max > self.num_sources:
            raise ValueError(
                "bad_max must not exceed num_sources, which counts good and bad "
                f"together, got {self.bad_max} of {self.num_sources}."
            )
