"""The settings of detour, level L1.3."""

import dataclasses
from typing import Annotated, Literal

from annotated_types import Ge, Le

from koki2.core.configs import check
from koki2.envs.configs import fields

FRONT = 3  # columns in the west where lives start
YARD = 3  # columns in the east where the feast lies
BETWEEN = 3  # columns: a free one on either side of the pocket, and its end


@dataclasses.dataclass(frozen=True, kw_only=True)
class DetourConfig:
    """Detour, level L1.3. Static: changing a field recompiles."""

    world: Literal["detour"] = "detour"
    height: Annotated[int, Ge(5), Le(4096)] = 11
    """Cells from north to south."""
    mouth: fields.OneTo64 = 3
    """Rows of the pocket that are open to the west."""
    arm_min: fields.UpTo64 = 3
    """Cells from the pocket's end to the tip of an arm, at least."""
    arm_max: fields.OneTo64 = 6
    """Cells from the pocket's end to the tip of an arm, at most."""
    crumbs: fields.OneTo64 = 4
    """Crumbs, C: the last cells of the straight way in hold one each, once a life."""
    steps: fields.Steps = 128
    energy_init: fields.Fraction = 0.8
    """Energy at birth; low enough that there is room for all crumbs."""
    energy_decay: fields.Amount = 0.02
    """Energy lost per step: without food a life ends after 40 steps."""
    crumb_gain: fields.Amount = 0.08
    """Energy gained on arriving at a crumb."""
    feast_gain: fields.Amount = 0.3
    """Energy gained on arriving at the feast."""
    feels_walls: bool = True
    """Whether the agent feels what blocks its four sides."""

    def __post_init__(self):
        check(self)
        if self.height < self.mouth + 4:
            raise ValueError(
                "DetourConfig.height must be at least mouth + 4, so that one can get "
                "round the pocket's arms on either side, got height="
                f"{self.height} and mouth={self.mouth}."
            )
        if self.arm_min > self.arm_max:
            raise ValueError(
                "DetourConfig.arm_min must not exceed arm_max, since a life draws "
                f"between them, got {self.arm_min} and {self.arm_max}."
            )
        if self.crumbs > self.arm_max:
            raise ValueError(
                "DetourConfig.crumbs must not exceed arm_max, or some would lie where "
                f"lives start, got {self.crumbs} and {self.arm_max}."
            )

    @property
    def end(self) -> int:
        """The column of the pocket's closed end."""
        return FRONT + 1 + self.arm_max

    @property
    def width(self) -> int:
        """Cells from west to east."""
        return FRONT + self.arm_max + BETWEEN + YARD
