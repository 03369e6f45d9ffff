"""Calibration: how often a change-point monitor cries out at noise, and how soon at a
shift.

Simulated on independent normal values, by `change_point` itself. One path gives the run
lengths of all thresholds at once, for S does not know the threshold before the first
alarm.
"""

import functools
from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from koki2.core.types import Key, Keys
from koki2.measures.change_point import change_point, Limits, unknown

SETTLED = 100  # values after the window, before a shift
SOON = 20  # values within which a shift must be found
FEWEST = 10_000  # values in which one false alarm may be
LEAST = 0.9  # share of shifts that must be found so soon


class Figures(NamedTuple):
    """What a monitor of some settings does on noise."""

    slack: float
    threshold: float
    window: int
    every: float
    """Values in which there is one false alarm; all that were seen, if none was."""
    alarms: int
    """False alarms that it is the mean of."""
    median: float
    """Values to the false alarm, the window's not counted; infinite beyond the end."""
    delay: float
    """Values from a shift to its alarm, of those found; NaN if none was."""
    found: float
    """Share of shifts that are found soon; NaN if a false alarm came before each."""

    @property
    def is_met(self) -> bool:
        """Whether false alarms are few enough, and shifts are found."""
        return self.every >= FEWEST and self.found >= LEAST


def calibrate(
    key: Key,
    *,
    slacks: Sequence[float],
    thresholds: Sequence[float],
    windows: Sequence[int],
    shift: float = 2.0,
    streams: int = 256,
    steps: int = 20_000,
    sides: str = "both",
    whiten: bool = True,
) -> list[Figures]:
    """Measures every combination of settings, on the same noise.

    An alarm of either side counts, where both are watched. The mean is the time seen
    over the alarms, as for run lengths that have no memory: where baselines are short
    some streams alarm early and others never, and the median says more.

    Args:
      slacks: sigma that a value is forgiven.
      thresholds: of S, in sigma.
      windows: values of the baseline.
      shift: sigma by which the mean rises, 100 values after the window.
      streams: simulated, of each kind.
      steps: longest that one is watched.
      sides: both or upper.
      whiten: as in `change_point`.

    Returns:
      A row for every window, slack and threshold, in this order.

    Example:
      >>> rows = calibrate(jax.random.key(0), slacks=[0.5], thresholds=[1.0, 8.0],
      ...     windows=[50], streams=8, steps=400)
      >>> [row.every > 100 for row in rows]
      [False, True]
    """
    key_calm, key_shift = jax.random.split(key)
    arrays = (
        jnp.array(windows, jnp.int32),
        jnp.array(slacks, jnp.float32),
        jnp.array(thresholds, jnp.float32),
    )
    longest = max(windows) + SETTLED + 5 * SOON
    lengths = functools.partial(run_lengths, sides=sides, whiten=whiten)
    calm_keys, shift_keys = (
        jax.random.split(key, count)
        for key, count in ((key_calm, streams), (key_shift, 4 * streams))
    )
    calm = lengths(calm_keys, *arrays, jnp.float32(0), steps=steps)
    risen = lengths(shift_keys, *arrays, jnp.float32(shift), steps=longest)
    calm, risen = np.asarray(calm), np.asarray(risen)
    return [
        _figures(slack, threshold, window, calm[i, j, :, k], risen[i, j, :, k], steps)
        for i, window in enumerate(windows)
        for j, slack in enumerate(slacks)
        for k, threshold in enumerate(thresholds)
    ]


@functools.partial(jax.jit, static_argnames=("steps", "sides", "whiten"))
def run_lengths(
    keys: Keys,
    windows: Int[Array, " W"],
    slacks: Float[Array, " K"],
    thresholds: Float[Array, " H"],
    shift: Float[Array, ""],
    *,
    steps: int,
    sides: str = "both",
    whiten: bool = True,
) -> Int[Array, "W K E H"]:
    """Simulates streams of noise up to the first alarm of each threshold.

    Args:
      keys: one for each stream, [E]; the same for all settings.
      windows: values of the baseline.
      slacks: sigma that a value is forgiven.
      thresholds: of S, in sigma.
      shift: by which the mean rises, 100 values after the window.
      steps: values of a stream, with its window.
      sides: both or upper.
      whiten: as in `change_point`.

    Returns:
      Values behind the window up to the alarm and with it; 0: none came.
    """

    def stream(window: Array, slack: Array, key: Key) -> Array:
        limits = Limits(
            slack=slack,
            threshold=jnp.array(jnp.inf, jnp.float32),
            window=window,
            floor=jnp.array(1e-6, jnp.float32),
            harm=jnp.ones((), jnp.float32),
        )

        def step(carry: tuple, time: Array) -> tuple:
            regime, length = carry
            x = jax.random.normal(jax.random.fold_in(key, time))
            x = x + jnp.where(time >= window + SETTLED, shift, 0.0)
            regime, reading = change_point(
                limits, regime, x, sides=sides, rebase=False, whiten=whiten
            )
            is_first = (length == 0) & (
                jnp.maximum(reading.harmful, reading.other) > thresholds
            )
            return (regime, jnp.where(is_first, time + 1 - window, length)), None

        begun = unknown(), jnp.zeros(thresholds.shape, jnp.int32)
        (_, length), _ = jax.lax.scan(step, begun, jnp.arange(steps, dtype=jnp.int32))
        return length

    each = jax.vmap(stream, in_axes=(None, None, 0))
    each = jax.vmap(each, in_axes=(None, 0, None))
    return jax.vmap(each, in_axes=(0, None, None))(windows, slacks, keys)


def _figures(
    slack: float,
    threshold: float,
    window: int,
    calm: np.ndarray,
    risen: np.ndarray,
    steps: int,
) -> Figures:
    """Means of run lengths in noise, and of those in which the mean rises."""
    seen = np.where(calm > 0, calm, steps - window)
    alarms = int(np.sum(calm > 0))
    median = np.median(np.where(calm > 0, calm, np.inf))
    delays = np.where(risen > 0, risen - SETTLED, np.inf)
    delays = delays[delays > 0]  # of streams without an alarm before the shift
    found = delays[np.isfinite(delays)]
    return Figures(
        slack=slack,
        threshold=threshold,
        window=window,
        every=float(seen.sum() / max(alarms, 1)),
        alarms=alarms,
        median=float(median),
        delay=float(found.mean()) if found.size else float("nan"),
        found=float(np.mean(delays <= SOON)) if delays.size else float("nan"),
    )
