"""Change points: has what a signal looks like changed, and for the worse?

Page's CUSUM of one signal, one value at a time. The first `window` values of a regime
are its baseline; what follows is told in its standard deviations:

    z = (x - level) / sigma                    or, whitened,  z = clip(e / sigma, 4)
    S = max(0, S + z - slack)                  alarm when S > threshold

Whitened, the baseline is a line through the window, by least squares, so that a trend
counts neither as noise nor as memory; u = x - level is what is left, r its lag-1
correlation in the window, e = u - r u' what the value before does not tell of it, and
sigma the deviation of e, or the signal's floor if that is more. The level begins where
the line ends, and is a running mean of 50 values (of the window, if that is longer):
what moves more slowly is drift, not a change. One value far out counts as four sigma,
for it is no regime.
"""

import dataclasses

import chex
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

FAR = 4.0  # sigma, which a whitened value counts at most
MEMORY = 50  # values that the level remembers, also where the window is shorter
NONE = 1e-10  # sigma below it is that of a constant
STRONGEST = 0.9  # correlation that is taken out


@chex.dataclass(frozen=True, kw_only=True)
class Limits:
    """What counts as a change of one signal."""

    slack: Float[Array, ""]  # sigma that a value is forgiven; half the shift looked for
    threshold: Float[Array, ""]  # sigma; above it is an alarm
    window: Int[Array, ""]  # values of a baseline; 4 or more, 2 if not whitened
    floor: Float[Array, ""]  # least sigma if whitened, in the unit of the signal
    harm: Float[Array, ""]  # 1: more is worse, -1: less is


@chex.dataclass(frozen=True, kw_only=True)
class Regime:
    """What is known of a signal since its last change."""

    count: Int[Array, ""]  # values so far
    first: Float[Array, ""]
    last: Float[Array, ""]  # value before the next
    mean: Float[Array, ""]  # of the window, as the next two
    moving: Float[Array, ""]  # sum of (i - mean i) (x - mean x)
    square: Float[Array, ""]  # sum of (x - mean)^2
    jumps: Float[Array, ""]  # sum of (x - x before)^2
    level: Float[Array, ""]  # as from here on: once the window is full
    sigma: Float[Array, ""]
    correlation: Float[Array, ""]
    left: Float[Array, ""]  # of the last value, when the level was taken off
    harmful: Float[Array, ""]  # S of the side that harms
    other: Float[Array, ""]  # S of the other side


@chex.dataclass(frozen=True, kw_only=True)
class Reading:
    """What one value said."""

    harmful: Float[Array, ""]  # S of the side that harms; 0 while the window fills
    other: Float[Array, ""]
    alarm: Bool[Array, ""]  # the harmful side, or a value that is not finite
    turned: Bool[Array, ""]  # a new baseline begins with the next value
    z: Float[Array, ""]  # deviation, more is worse; 0 while the window fills


def unknown() -> Regime:
    """The regime of a signal of which nothing has been seen."""
    zero = jnp.zeros((), jnp.float32)
    names = Regime.__dataclass_fields__
    return Regime(**dict.fromkeys(names, zero) | {"count": jnp.zeros((), jnp.int32)})


def change_point(
    limits: Limits,
    regime: Regime,
    value: Float[Array, ""],
    *,
    sides: str = "both",
    rebase: bool = True,
    whiten: bool = True,
) -> tuple[Regime, Reading]:
    """Takes one value of one signal; `vmap` for many signals, `scan` over time.

    Args:
      limits: of the signal.
      regime: before the value.
      value: the signal; one that is not finite is an alarm at once, and enters neither
        S nor the baseline.
      sides: both, of which the one that harms gives an alarm and either ends the
        regime; or upper: only "more" is watched, as what harms.
      rebase: whether a change ends the regime, and a new baseline begins. Without it
        the first one is kept, and S stays above the threshold until it falls.
      whiten: see above; without it level and sigma are the window's mean and its
        population deviation, and are kept.

    Returns:
      The regime after it, and what it said.

    Raises:
      ValueError: sides of another name.

    Example:
      >>> limits = Limits(slack=jnp.float32(0), threshold=jnp.float32(4),
      ...     window=jnp.int32(2), floor=jnp.float32(0.01), harm=jnp.float32(1))
      >>> take = lambda regime, x: change_point(limits, regime, x, sides="upper",
      ...     rebase=False, whiten=False)
      >>> _, said = jax.lax.scan(take, unknown(), jnp.array([1.0, 3.0, 5.0, 4.0, 3.5]))
      >>> said.harmful.tolist(), said.alarm.tolist()
      ([0.0, 0.0, 3.0, 5.0, 6.5], [False, False, False, True, True])

    Source: Page, "Continuous inspection schemes", 1954. Seed 003 8.2 has no slack,
    watches only "more" (of tokens per second, too, where less is what harms) and keeps
    its first ten values as the baseline: slack 0, upper, window 10, threshold 4,
    neither rebase nor whiten. Such an S is a random walk held above 0: half of all
    runs have a false alarm within 18 values. That a sigma below 1e-10 counts
    as 1 there, and so here where nothing is whitened, is from its code.
    """
    if sides not in ("both", "upper"):
        raise ValueError(f"sides must be both or upper, got {sides!r}.")
    harm = limits.harm if sides == "both" else jnp.ones_like(limits.harm)
    is_finite = jnp.isfinite(value)
    x = jnp.where(is_finite, value, regime.level)
    is_full = regime.count >= limits.window

    left = x - regime.level
    fresh = left - regime.correlation * regime.left if whiten else left
    z = harm * fresh / jnp.where(is_full, regime.sigma, 1.0)
    z = jnp.where(is_full, jnp.clip(z, -FAR, FAR) if whiten else z, 0.0)
    count_up = lambda s, z: jnp.where(
        is_full, jnp.maximum(0.0, s + z - limits.slack), s
    )
    harmful = count_up(regime.harmful, z)
    other = count_up(regime.other, -z) if sides == "both" else regime.other
    is_harm = is_full & (harmful > limits.threshold)
    turned = is_harm | (is_full & (other > limits.threshold))
    turned = turned & is_finite & rebase

    after = _watched(limits, regime, x, left, whiten)
    after = dataclasses.replace(after, harmful=harmful, other=other)
    filled = _filled(limits, regime, x, whiten)
    after = _choose(is_full, after, filled)
    after = _choose(turned, unknown(), after)
    after = _choose(is_finite, after, regime)
    return after, Reading(
        harmful=jnp.where(is_finite, harmful, regime.harmful),
        other=jnp.where(is_finite, other, regime.other),
        alarm=is_harm | ~is_finite,
        turned=turned,
        z=jnp.where(is_finite, z, 0.0),
    )


def _watched(
    limits: Limits, regime: Regime, x: Array, left: Array, whiten: bool
) -> Regime:
    """The regime after a value beyond the window, but for S."""
    regime = dataclasses.replace(regime, count=regime.count + 1, last=x, left=left)
    if not whiten:
        return regime
    whole = regime.sigma / jnp.sqrt(1 - regime.correlation**2)
    moved = jnp.clip(left, -FAR * whole, FAR * whole)
    known = jnp.maximum(limits.window, jnp.minimum(regime.count, MEMORY))
    level = regime.level + moved / (known + 1).astype(jnp.float32)
    return dataclasses.replace(regime, level=level)


def _filled(limits: Limits, regime: Regime, x: Array, whiten: bool) -> Regime:
    """The regime after a value of the window; sums are about means, and so exact."""
    before = regime.count.astype(jnp.float32)
    count = before + 1
    away = x - regime.mean
    mean = regime.mean + away / count
    square = regime.square + away * (x - mean)
    moving = regime.moving + before / 2 * away
    is_first = regime.count == 0
    jumps = regime.jumps + jnp.where(is_first, 0.0, (x - regime.last) ** 2)
    first = jnp.where(is_first, x, regime.first)
    level, correlation, left = mean, jnp.zeros_like(mean), x - mean
    sigma = jnp.sqrt(square / count)
    sigma = jnp.where(sigma < NONE, 1.0, sigma)
    if whiten:
        half = before / 2  # from the middle of the window to its end
        slope = moving / jnp.maximum(count * (count**2 - 1) / 12, 1.0)
        level = mean + slope * half
        rest = jnp.maximum(square - slope * moving, 0.0)
        left, began = x - level, first - (mean - slope * half)
        steps = jumps - 2 * slope * (x - first) + before * slope**2
        shared = rest - (left**2 + began**2 + steps) / 2
        correlation = shared / jnp.where(rest > 0, rest, 1.0)
        correlation = jnp.clip(correlation, -STRONGEST, STRONGEST)
        spread = rest / jnp.maximum(count - 2, 1.0) * (1 - correlation**2)
        sigma = jnp.maximum(jnp.sqrt(spread), limits.floor)
    return dataclasses.replace(
        regime,
        count=regime.count + 1,
        first=first,
        last=x,
        mean=mean,
        moving=moving,
        square=square,
        jumps=jumps,
        level=level,
        sigma=sigma,
        correlation=correlation,
        left=left,
    )


def _choose(condition: Bool[Array, ""], one: Regime, other: Regime) -> Regime:
    return jax.tree.map(lambda a, b: jnp.where(condition, a, b), one, other)
