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


@dataclasses.dataclass(frozen=True, kw_only=True)
class ChangePointConfig:
    """When a signal is said to have changed. Static.

    With the defaults a monitor of white noise has one false alarm in 70,000 values or
    so, and finds a shift of two sigma after eight; `koki2 calibrate-monitors` measures
    it. Seed 003's own test is slack 0, sides upper, window 10, threshold 4, rebase and
    whiten off: half of all such monitors have a false alarm within 18 values.
    """

    slack: Annotated[float, Ge(0)] = 0.75
    """Sigma that a value is forgiven; half of the shift that is to be found, or so."""
    threshold: Annotated[float, Gt(0)] = 8.0
    """Sum of deviations, in sigma, above which it is an alarm."""
    window: Annotated[int, Ge(2), Le(1_000_000)] = 50
    """Values of the baseline."""
    sides: Literal["both", "upper"] = "both"
    """both: alarms on the side that harms, and a new baseline after either. upper: the
    side of more alone, of every signal."""
    rebase: bool = True
    """Whether a new baseline begins after a change."""
    whiten: bool = True
    """Whether a signal is brought near white noise: trend and lag-1 correlation of the
    window taken out, sigma at least the signal's floor, no value worth above four."""

    def __post_init__(self) -> None:
        check(self)
        if self.whiten and self.window < 4:
            raise ValueError(
                "window must be >= 4 with whiten, which fits a line and a correlation, "
                f"got {self.window}."
            )
        if self.sides not in ("both", "upper"):
            raise ValueError(f"sides must be both or upper, got {self.sides!r}.")
