"""Statistics of the house: intervals, paired comparisons, p values, Holm's correction.

Plain numbers in and out: one per seed, or one per episode, higher is better. Two that
ran the same seeds, or lived the same episodes, form pairs; what is reported is the
difference within each pair. It comes with two p values: that of the t test, which goes
with the interval and is what Holm's correction adjusts, and that of sign flips, which
assumes nothing about the shape of the differences. A difference is called significant
only if its p after Holm, over all contrasts of the experiment, is below `ALPHA`.
"""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import scipy.stats

Values = Sequence[float] | np.ndarray
"""One number per seed, or per episode."""

ALPHA = 0.05
"""A difference whose p after Holm is below it is significant."""
LEVEL = 0.95
"""Of every interval."""
RESAMPLES = 9999
"""Drawn by a bootstrap, and by a sign-flip test that is not exact."""
BOOTSTRAPPED = (32, 1024)
"""Numbers of values, from and to, for which an interval is BCa; else it is t."""
EXACT = 16
"""Most differences whose signs are flipped in every way."""
DRAWN = 1024
"""Most differences whose signs are drawn; beyond, the normal limit."""
_CELLS = 2**22  # signs that are held at once


def interval(values: Values) -> dict[str, float]:
    """Computes the mean and its 95% interval: Student's t, or the BCa bootstrap.

    BCa for 32 to 1,024 values; t for fewer, of which a bootstrap covers too little, and
    for more, where the two agree. See docs/decisions/0012-intervals.md.

    Args:
      values: one number per seed or episode, at least one.

    Returns:
      `mean`, `low`, `high` and `level`. Of one value, and of values that are all equal
      or not all finite, low and high are the mean.

    Example:
      >>> over = interval([1.0, 2.0, 3.0])  # 2 -+ 4.303 / sqrt(3)
      >>> over["mean"], round(over["low"], 3), round(over["high"], 3), over["level"]
      (2.0, -0.484, 4.484, 0.95)
    """
    values = np.asarray(values, np.float64)
    mean = float(np.mean(values))
    low, high = mean, mean
    if values.size > 1 and np.all(np.isfinite(values)) and np.ptp(values) > 0:
        least, most = BOOTSTRAPPED
        low, high = np.nan, np.nan
        if least <= values.size <= most:
            low, high = _bca(values)
        if not np.isfinite([low, high]).all():  # BCa is not defined everywhere
            low, high = _student(values)
    return {"mean": mean, "low": float(low), "high": float(high), "level": LEVEL}


def t_test(differences: Values) -> float:
    """Tests whether the mean of paired differences is zero: Student's t, two-sided.

    Args:
      differences: one per pair.

    Returns:
      p. NaN of differences that are not all finite; of a single one, and of those that
      are all equal, that of `sign_flip`, as their spread is unknown.

    Example:
      >>> round(t_test([1.0, 2.0, 3.0]), 4)  # t = 2 sqrt(3), 2 degrees of freedom
      0.0742
      >>> t_test([1.0, 1.0]), t_test([0.0, 0.0])
      (0.5, 1.0)
    """
    gap = np.asarray(differences, np.float64)
    varies = gap.size > 1 and np.all(np.isfinite(gap)) and np.ptp(gap) > 0
    spread = scipy.stats.sem(gap) if varies else 0.0
    if not spread > 0:
        return float(sign_flip(gap)["p_flip"])
    return float(2 * scipy.stats.t.sf(abs(np.mean(gap)) / spread, gap.size - 1))


def sign_flip(differences: Values) -> dict[str, float | str]:
    """Tests whether paired differences are symmetric about zero; two-sided.

    p is the share of all ways to choose the signs of the differences whose mean is at
    least as far from zero as theirs:

    - up to 16 differences, all 2^n ways: the test is exact, and p at least 2 / 2^n, so
      that five seeds can never be below .0625;
    - up to 1,024, 9,999 ways drawn at random, always the same, and the given one;
    - beyond, the limit of both: sum d / sqrt(sum d^2) against the normal distribution.

    Args:
      differences: one per pair.

    Returns:
      `p_flip`, NaN for differences that are not all finite and 1 where all are zero;
      `flips`, which of the three: "exact", "drawn" or "normal".

    Example:
      >>> sign_flip([1.0, 2.0, 3.0, -0.5])  # 4 of 16 ways are as far from zero
      {'p_flip': 0.25, 'flips': 'exact'}
    """
    gap = np.asarray(differences, np.float64)
    flips = "exact" if gap.size <= EXACT else "drawn" if gap.size <= DRAWN else "normal"
    if not np.all(np.isfinite(gap)):
        p = np.nan
    elif gap.size == 1 or not np.any(gap):
        p = 1.0
    elif flips == "exact":
        p = scipy.stats.permutation_test(
            (gap,),
            np.mean,
            permutation_type="samples",
            n_resamples=2**EXACT,
            vectorized=True,
            batch=2**12,
        ).pvalue
    elif flips == "drawn":
        p = _drawn_p(gap)
    else:
        p = 2 * scipy.stats.norm.sf(abs(np.sum(gap)) / np.sqrt(np.sum(gap**2)))
    return {"p_flip": float(p), "flips": flips}


def holm(p_values: Values) -> list[float]:
    """Adjusts p values for their number, by Holm's step-down method.

    The smallest of m is multiplied by m, the next by m - 1, and so on; none is below
    that of a smaller one, nor above 1. NaN stays NaN and does not count.

    Example:
      >>> [round(p, 4) for p in holm([0.01, 0.04, 0.03])]
      [0.03, 0.06, 0.06]
    """
    p = np.asarray(p_values, np.float64)
    order, count = np.argsort(p), int(np.sum(~np.isnan(p)))  # NaN comes last
    scaled = p[order][:count] * np.arange(count, 0, -1)
    p[order[:count]] = np.minimum(np.maximum.accumulate(scaled), 1.0)
    return p.tolist()


def effect_size(ours: Values, theirs: Values) -> float | None:
    """Computes Cohen's d_z: mean over standard deviation of the paired differences.

    Args:
      ours: one number per seed.
      theirs: the same seeds.

    Returns:
      The effect size; None where it is not defined: a single pair, or differences that
      are all equal.

    Example:
      >>> effect_size([3.0, 5.0], [1.0, 1.0])  # differences 2 and 4
      2.1213203435596424
      >>> effect_size([1.0], [0.0]) is None
      True
    """
    gap = _differences(ours, theirs)
    spread = float(np.std(gap, ddof=1)) if gap.size > 1 else 0.0
    return float(np.mean(gap)) / spread if spread > 0 else None


def wins(ours: Values, theirs: Values) -> int:
    """Counts the seeds on which ours is higher; a tie is no win.

    Example:
      >>> wins([1.0, 2.0, 3.0], [0.0, 2.0, 4.0])
      1
    """
    return int(np.sum(_differences(ours, theirs) > 0))


def difference(ours: Values, theirs: Values) -> dict[str, Any]:
    """Compares two pair by pair: ours - theirs.

    Returns:
      `mean`, `low`, `high` and `level` of `interval` of the differences, `p` of
      `t_test`, `p_flip` and `flips` of `sign_flip`.

    Raises:
      ValueError: different numbers of values.

    Example:
      >>> gap = difference([3.0, 5.0, 4.0], [1.0, 1.0, 1.0])  # t = 3 sqrt(3)
      >>> gap["mean"], round(gap["p"], 4), gap["p_flip"]
      (3.0, 0.0351, 0.25)
    """
    gap = _differences(ours, theirs)
    return interval(gap) | {"p": t_test(gap)} | sign_flip(gap)


def paired(ours: Values, theirs: Values) -> dict[str, Any]:
    """Compares two designs seed by seed: ours - theirs.

    Args:
      ours: one number per seed.
      theirs: the same seeds.

    Returns:
      That of `difference`, with `effect` (`effect_size`), `wins` and the number of
      `seeds`. `with_holm` adds what hangs on the other contrasts.

    Raises:
      ValueError: different numbers of seeds.

    Example:
      >>> gap = paired([3.0, 5.0], [1.0, 1.0])
      >>> gap["mean"], gap["wins"], gap["seeds"]
      (3.0, 2, 2)
    """
    return difference(ours, theirs) | {
        "effect": effect_size(ours, theirs),
        "wins": wins(ours, theirs),
        "seeds": len(ours),
    }


def with_holm(contrasts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Adds `p_holm` to each contrast: `holm` over all of them, which belong together.

    Example:
      >>> [c["p_holm"] for c in with_holm([{"p": 0.25}, {"p": 0.5}])]
      [0.5, 0.5]
    """
    adjusted = holm([contrast["p"] for contrast in contrasts])
    return [
        {**contrast, "p_holm": p}
        for contrast, p in zip(contrasts, adjusted, strict=True)
    ]


def is_significant(contrast: Mapping[str, Any]) -> bool:
    """Whether the difference of a contrast is significant, after Holm.

    Example:
      >>> is_significant({"p": 0.01, "p_holm": 0.06})
      False
    """
    return contrast["p_holm"] < ALPHA


def p_text(p: float) -> str:
    """A p value as it is printed: three decimals, four where it is small.

    Example:
      >>> [p_text(p) for p in (0.0512, 0.00196, 1e-7, 1.0, float("nan"))]
      ['.051', '.0020', '<.0001', '1', '-']
    """
    if p != p:
        return "-"
    if p < 1e-4:
        return "<.0001"
    text = f"{p:.4f}" if p < 0.01 else f"{p:.3f}"
    return "1" if text == "1.000" else text.removeprefix("0")


def _differences(ours: Values, theirs: Values) -> np.ndarray:
    if len(ours) != len(theirs):
        raise ValueError(
            "paired values must be of the same seeds or episodes, got "
            f"{len(ours)} and {len(theirs)} numbers."
        )
    return np.asarray(ours, np.float64) - np.asarray(theirs, np.float64)


def _bca(values: np.ndarray) -> tuple[float, float]:
    """Ends of the bias-corrected and accelerated bootstrap; NaN where not defined."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", scipy.stats.DegenerateDataWarning)
        found = scipy.stats.bootstrap(
            (values,),
            np.mean,
            n_resamples=RESAMPLES,
            confidence_level=LEVEL,
            method="BCa",
            batch=256,
            rng=np.random.default_rng(0),
        ).confidence_interval
    return found.low, found.high


def _student(values: np.ndarray) -> tuple[float, float]:
    """Ends of Student's t interval."""
    spread = scipy.stats.sem(values)
    if not spread > 0:  # values so near each other that their spread is lost
        return float(np.mean(values)), float(np.mean(values))
    return scipy.stats.t.interval(
        LEVEL, values.size - 1, loc=np.mean(values), scale=spread
    )


def _drawn_p(gap: np.ndarray) -> float:
    """Share of signs, drawn and given, that take the sum as far from zero as it is.

    SciPy's permutation test draws them one by one, which for 512 episodes takes several
    times as long.
    """
    rng = np.random.default_rng(0)
    far = abs(np.sum(gap)) * (1 - 1e-12)  # sums that are equal may differ in last bits
    count, left = 1, RESAMPLES
    while left:
        rows = min(left, max(1, _CELLS // gap.size))
        packed = rng.integers(0, 256, (rows, -(-gap.size // 8)), dtype=np.uint8)
        signs = np.unpackbits(packed, axis=1, count=gap.size)
        sums = 2 * (signs.astype(np.float64) @ gap) - np.sum(gap)
        count, left = count + int(np.sum(np.abs(sums) >= far)), left - rows
    return count / (RESAMPLES + 1)
