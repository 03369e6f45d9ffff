"""Types of fields that several worlds have: a description, and a range.

A value of such a type is checked as any other; its description is read by
`--help`. Those `Traced` are data of a compiled program: a sweep over them compiles
once (`core.numbers`). Imports no JAX.
"""

from typing import Annotated

from annotated_types import Ge, Gt, Le
from typing_extensions import Doc

from koki2.core.configs import Traced

Probability = Annotated[float, Ge(0), Le(1)]
Fraction = Annotated[float, Gt(0), Le(1)]
Amount = Annotated[float, Ge(0)]
Rate = Annotated[Amount, Traced()]
Chance = Annotated[Probability, Traced()]
Factor = Annotated[float, Ge(1), Traced()]
Whole = Annotated[int, Ge(0), Le(1_000_000), Traced()]
Cells = Annotated[int, Ge(1), Le(4096)]
Wait = Annotated[Cells, Traced()]
OneTo64 = Annotated[int, Ge(1), Le(64)]
UpTo64 = Annotated[int, Ge(0), Le(64)]

Width = Annotated[int, Ge(2), Le(4096), Doc("Cells from west to east.")]
Height = Annotated[int, Ge(2), Le(4096), Doc("Cells from north to south.")]
AnyHeight = Annotated[Cells, Doc("Cells from north to south.")]
Steps = Annotated[int, Ge(1), Le(1_000_000), Doc("Length of an episode, T.")]
Sources = Annotated[
    OneTo64, Doc("Good sources, K; one that is arrived at is elsewhere at once.")
]
Food = Annotated[
    OneTo64, Doc("Sources of energy; one that is arrived at is elsewhere at once.")
]
Water = Annotated[OneTo64, Doc("Sources of hydration, likewise.")]
Shelters = Annotated[OneTo64, Doc("Cells in which a strike does no harm.")]
StrikeLoss = Annotated[
    Rate, Doc("Integrity lost by a strike in the open; an episode starts with 1.")
]
Birth = Annotated[Fraction, Traced()]
EnergyInit = Annotated[Birth, Doc("Energy at birth.")]
HydrationInit = Annotated[Birth, Doc("Hydration at birth.")]
EnergyDecay = Annotated[
    Rate, Doc("Energy lost per step: a full store lasts 1 / energy_decay steps.")
]
HydrationDecay = Annotated[Rate, Doc("Hydration lost per step.")]
EnergyGain = Annotated[Rate, Doc("Energy gained on arriving at a source.")]
FoodGain = Annotated[
    Rate, Doc("Energy gained on arriving at food, as far as there is room.")
]
WaterGain = Annotated[
    Rate, Doc("Hydration gained on arriving at water, as far as there is room.")
]
FeelsWalls = Annotated[
    bool, Doc("Whether the agent senses what blocks its four sides.")
]


def check_ranges(config: object, *names: str) -> None:
    """Raises ValueError where a config's NAME_min exceeds its NAME_max."""
    for name in names:
        least, most = getattr(config, f"{name}_min"), getattr(config, f"{name}_max")
        if least > most:
            raise ValueError(
                f"{name}_min must not exceed {name}_max, since an episode draws "
                f"between them, got {least} and {most}."
            )
