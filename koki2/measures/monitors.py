"""Monitors: four signals of a training, each watched for change points.

    bit   signal          as it is watched              least sigma   worse is
    0x01  grad_norm       its logarithm                 0.05          more
    0x02  clip_pct        as it is                      0.05          more
    0x04  tokens_per_sec  its logarithm                 0.05          less
    0x08  val_loss        less the best one so far      0.01          more

Tokens per second are read off a clock, so that bit 0x04 is not a function of the seed.
Validations are few: their window is at most 10 long.
"""

from collections.abc import Callable
from typing import NamedTuple

import chex
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from koki2.measures.change_point import change_point, Limits, Regime, unknown
from koki2.measures.configs import ChangePointConfig

SIGNALS = ("grad_norm", "clip_pct", "tokens_per_sec", "val_loss")
MEANINGS = (
    "gradients have become larger",
    "gradients are clipped more",
    "throughput has fallen",
    "validation loss has risen",
)
BITS = (0x01, 0x02, 0x04, 0x08)
FEW = 10  # values of a window of validations at most
_FLOORS = (0.05, 0.05, 0.05, 0.01)
_HARM = (1.0, 1.0, -1.0, 1.0)
_LOGARITHM = (True, False, True, False)
_SMALLEST = 1e-37  # whose logarithm is taken for that of 0


@chex.dataclass(frozen=True, kw_only=True)
class Watched:
    """What is known of the four signals. M is one of them."""

    regimes: Regime  # each [M]
    best: Float[Array, ""]  # validation loss so far; infinite before the first


@chex.dataclass(frozen=True, kw_only=True)
class Alerts:
    """What the monitors say of one step."""

    cusum: Float[Array, " M"]  # S of the side that harms
    alarms: Int[Array, ""]  # bits of the signals that have become worse
    turned: Int[Array, ""]  # bits of those that begin a new baseline


class Monitors(NamedTuple):
    """Four monitors as pure functions."""

    init: Callable[[], Watched]
    step: Callable[
        [Watched, Float[Array, " M"], Bool[Array, " M"]], tuple[Watched, Alerts]
    ]
    """(state, values in the order of `SIGNALS`, which of them there are) -> state,
    alerts. A signal that there is not keeps its state, and has no bit."""


def monitors(config: ChangePointConfig) -> Monitors:
    """Watches the four signals of a training.

    Args:
      config: of all of them. Without `whiten` the signals are as they are, neither
        logarithms nor differences, as in seed 003.

    Example:
      >>> init, step = monitors(ChangePointConfig())
      >>> values = jnp.array([jnp.nan, 0.0, 900.0, 2.0])
      >>> step(init(), values, jnp.ones(4, bool))[1].alarms.item()
      1
    """
    fixed = {"slack": config.slack, "threshold": config.threshold}
    fixed = {name: jnp.asarray(value, jnp.float32) for name, value in fixed.items()}
    few = min(config.window, FEW)
    windows = jnp.array([config.window] * (len(SIGNALS) - 1) + [few], jnp.int32)
    each = windows, jnp.array(_FLOORS), jnp.array(_HARM)
    make = lambda window, floor, harm: Limits(
        window=window, floor=floor, harm=harm, **fixed
    )
    limits = jax.vmap(make)(*each)
    bits = jnp.array(BITS, jnp.int32)

    def one(limits: Limits, regime: Regime, value: Array, is_due: Array) -> tuple:
        after, reading = change_point(
            limits,
            regime,
            value,
            sides=config.sides,
            rebase=config.rebase,
            whiten=config.whiten,
        )
        after = jax.tree.map(lambda a, b: jnp.where(is_due, a, b), after, regime)
        s = jnp.where(is_due, reading.harmful, regime.harmful)
        return after, s, reading.alarm & is_due, reading.turned & is_due

    def init() -> Watched:
        regimes = jax.tree.map(lambda x: jnp.broadcast_to(x, len(SIGNALS)), unknown())
        return Watched(regimes=regimes, best=jnp.array(jnp.inf, jnp.float32))

    def step(
        state: Watched, values: Float[Array, " M"], due: Bool[Array, " M"]
    ) -> tuple[Watched, Alerts]:
        loss = values[-1]
        best = jnp.where(
            due[-1] & jnp.isfinite(loss), jnp.minimum(state.best, loss), state.best
        )
        watched = values
        if config.whiten:
            logs = jnp.log(jnp.maximum(values, _SMALLEST))
            watched = jnp.where(jnp.array(_LOGARITHM), logs, values)
            # Before the first loss there is no best; what is not finite stays so.
            above = jnp.where(jnp.isfinite(loss), loss - best, loss)
            watched = watched.at[-1].set(above)
        regimes, cusum, alarms, turned = jax.vmap(one)(
            limits, state.regimes, watched, due
        )
        alerts = Alerts(
            cusum=cusum,
            alarms=jnp.sum(bits * alarms.astype(jnp.int32)),
            turned=jnp.sum(bits * turned.astype(jnp.int32)),
        )
        return Watched(regimes=regimes, best=best), alerts

    return Monitors(init=init, step=step)


def alert_reason(alarms: int) -> str:
    """Says what the bits of an alert mean.

    Example:
      >>> alert_reason(0x01 | 0x08)
      'grad_norm: gradients have become larger; val_loss: validation loss has risen'
    """
    named = zip(BITS, SIGNALS, MEANINGS, strict=True)
    return "; ".join(f"{name}: {means}" for bit, name, means in named if alarms & bit)
