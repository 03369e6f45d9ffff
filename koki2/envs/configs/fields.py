"""Types of fields that several worlds have: what is said of them, and their range.

A value of such a type is checked as any other; what an alias says of it is read by
`--help`. Imports no JAX.
"""

from typing import Annotated

from annotated_types import Ge, Gt, Le
from typing_extensions import Doc

Probability = Annotated[float, Ge(0), Le(1)]
Fraction = Annotated[float, Gt(0), Le(1)]
Amount = Annotated[float, Ge(0)]
Cells = Annotated[int, Ge(1), Le(4096)]
OneTo64 = Annotated[int, Ge(1), Le(64)]
UpTo64 = Annotated[int, Ge(0), Le(64)]

Width = Annotated[int, Ge(2), Le(4096), Doc("Cells from west to east.")]
Height = Annotated[int, Ge(2), Le(4096), Doc("Cells from north to south.")]
AnyHeight = Annotated[Cells, Doc("Cells from north to south.")]
Steps = Annotated[int, Ge(1), Le(1_000_000), Doc("Length of a life, T.")]
EnergyInit = Annotated[Fraction, Doc("Energy at birth.")]
HydrationInit = Annotated[Fraction, Doc("Hydration at birth.")]
EnergyGain = Annotated[Amount, Doc("Energy gained on arriving at a source.")]
