"""The knobs of the measures. Imports no JAX, so that `--help` answers at once."""

import dataclasses
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le

from koki2.core.configs import check


@dataclasses.dataclass(frozen=True, kw_only=True)
class KernelConfig:
    """When two points count as alike: a kernel. Static.

    rbf exp(-gamma |x - y|^2), poly (gamma x.y + coef0)^degree, linear gamma x.y,
    cosine x.y / (|x| |y|), which is 0 where either is the origin.
    """

    kernel: Literal["rbf", "poly", "linear", "cosine"] = "rbf"
    """Which of them."""
    gamma: Annotated[float, Gt(0)] | None = None
    """Per squared unit of the points; None takes 1 / (sum of their columns' variances),
    so that the unit does not count."""
    degree: Annotated[int, Ge(1)] = 3
    """Exponent (poly)."""
    coef0: Annotated[float, Ge(0)] = 1.0
    """What is added before the power is taken (poly)."""

    def __post_init__(self) -> None:
        check(self)


@dataclasses.dataclass(frozen=True, kw_only=True)
class DescriptorConfig:
    """What a behaviour space must show to be worth exploring. Static."""

    kmo_min: Annotated[float, Ge(0), Le(1)] = 0.6
    """Least sampling adequacy of the metrics, overall."""
    p_max: Annotated[float, Ge(0), Le(1)] = 0.05
    """Greatest p-value at which the metrics are said to be correlated at all."""
    error_max: Annotated[float, Ge(0)] = 0.5
    """Greatest share of the metrics' variance the descriptors may fail to tell."""
    preserved_min: Annotated[float, Ge(0), Le(1)] = 0.7
    """Least trustworthiness, and least continuity."""
    preserved_warn: Annotated[float, Ge(0), Le(1)] = 0.85
    """Trustworthiness and continuity below which a pass is a doubtful one."""
    neighbours: Annotated[int, Ge(1)] = 5
    """Size of a neighbourhood, k; needs more than 2 k samples."""
    kernel: KernelConfig = KernelConfig()
    """Of kernel PCA, and of the way back from descriptors to metrics."""
    ridge: Annotated[float, Gt(0)] = 1.0
    """Penalty of that way back, in units of the kernel."""

    def __post_init__(self) -> None:
        check(self)
        if self.preserved_warn < self.preserved_min:
            raise ValueError(
                "preserved_warn must be at least preserved_min, for it warns of what "
                f"just passed, got {self.preserved_warn} < {self.preserved_min}."
            )
