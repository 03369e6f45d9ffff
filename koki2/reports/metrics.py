"""Means of what lives were like, as eval-run and baseline-l0 report them."""

import sys
from collections.abc import Mapping
from typing import Any, TypeGuard

METRICS = (
    "fitness",
    "success",
    "t_alive",
    "energy_gained",
    "bad_arrivals",
    "integrity_lost",
    "integrity_min",
    "action_entropy",
    "action_mode_frac",
    "abs_dw_mean",
    "abs_modulator_mean",
    "abs_dw_on_event",
    "event_step_frac",
)
"""The metrics of a life, in the order in which they are shown."""
_GREATEST = int(sys.float_info.max)


def means(lives: Mapping[str, Any]) -> dict[str, float]:
    """`mean_<metric>` of every metric, known ones first, summed in float64.

    Example:
      >>> import numpy as np
      >>> means({"t_alive": np.array([1, 2]), "fitness": np.array([3.0, 4.0])})
      {'mean_fitness': 3.5, 'mean_t_alive': 1.5}
    """
    import numpy as np

    names = [n for n in METRICS if n in lives] + [n for n in lives if n not in METRICS]
    return {f"mean_{n}": float(np.mean(lives[n], dtype=np.float64)) for n in names}


def is_number(value: object) -> TypeGuard[int | float]:
    """Whether a plain value is a number that a float can be; true and false are not.

    Example:
      >>> is_number(0.5), is_number(10**400), is_number(True)
      (True, False, False)
    """
    if isinstance(value, float):
        return True
    return type(value) is int and abs(value) <= _GREATEST
