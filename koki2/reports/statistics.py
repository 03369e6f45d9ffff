"""Statistics that experiments share: intervals over seeds, paired differences, wins.

Runs of two designs with the same seeds form pairs, and what is reported is the
difference within each pair. Values are plain numbers, one per seed, higher is better.
"""

from collections.abc import Sequence

import numpy as np

from koki2 import evolution

Values = Sequence[float] | np.ndarray
"""One number per seed."""


def interval(values: Values) -> dict[str, float]:
    """Computes the mean over seeds and its 95% bootstrap interval.

    See `evolution.interval`.

    Example:
      >>> over = interval([1.0, 2.0, 3.0])
      >>> over["mean"], over["low"] >= 1.0, over["level"]
      (2.0, True, 0.95)
    """
    return evolution.interval(np.asarray(values, np.float64))


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


def paired(ours: Values, theirs: Values) -> dict[str, float | int | None]:
    """Compares two designs seed by seed: ours - theirs.

    Args:
      ours: one number per seed.
      theirs: the same seeds.

    Returns:
      `mean`, `low`, `high` and `level` of `interval` of the differences, `effect`
      (`effect_size`), `wins` and the number of `seeds`.

    Raises:
      ValueError: different numbers of seeds.

    Example:
      >>> gap = paired([3.0, 5.0], [1.0, 1.0])
      >>> gap["mean"], gap["wins"], gap["seeds"]
      (3.0, 2, 2)
    """
    gap = _differences(ours, theirs)
    return interval(gap) | {
        "effect": effect_size(ours, theirs),
        "wins": wins(ours, theirs),
        "seeds": int(gap.size),
    }


def _differences(ours: Values, theirs: Values) -> np.ndarray:
    if len(ours) != len(theirs):
        raise ValueError(
            "paired values must be of the same seeds, got "
            f"{len(ours)} and {len(theirs)} numbers."
        )
    return np.asarray(ours, np.float64) - np.asarray(theirs, np.float64)
