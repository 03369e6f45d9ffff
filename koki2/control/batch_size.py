"""Batch size: smaller after unstable gradients, larger after clipping, back when calm.

    0x01 grad_norm        - step
    0x04 tokens_per_sec   - step, where the clock steers
    0x02 clip_pct         + step
    none for `calm` steps   a step towards the first batch

Down beats up. An alert acts when it begins, and not again until it is over. The first
batch lies within the limits, wherever it is. Batches are whole numbers of microbatches,
so that no shape ever changes.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import chex
import jax.numpy as jnp
from jaxtyping import Array, Int

REASONS = ("", "cusum_grad", "cusum_clip", "cusum_tps", "restore")
"""Why the batch changed, by `Decision.reason`; the first is that it did not."""
_GRAD, _CLIP, _CLOCK = 0x01, 0x02, 0x04


@chex.dataclass(frozen=True, kw_only=True)
class BatchState:
    """The batch, and what has been seen of alerts."""

    batch: Int[Array, ""]  # examples
    calm: Int[Array, ""]  # steps since the last alert, or since it was last restored
    alarms: Int[Array, ""]  # bits of the step before


@chex.dataclass(frozen=True, kw_only=True)
class Decision:
    """The batch of the next step."""

    batch: Int[Array, ""]  # examples
    microbatches: Int[Array, ""]  # that it has
    reason: Int[Array, ""]  # index into `REASONS`


class BatchSize(NamedTuple):
    """The rule as pure functions."""

    init: Callable[[], BatchState]
    step: Callable[[BatchState, Int[Array, ""]], tuple[BatchState, Decision]]
    """(state, alert bits of a step) -> state, what the next step has."""


def microbatch_of(batch: int, step: int | None, given: int | None = None) -> int:
    """Examples of a microbatch: as given, or as many as batch and step allow.

    Args:
      batch: the first one.
      step: by which it changes; None: it is fixed, and one microbatch.
      given: microbatch that is asked for.

    Raises:
      ValueError: a microbatch that does not divide batch and step.

    Example:
      >>> microbatch_of(12, None), microbatch_of(12, 8), microbatch_of(12, 8, 2)
      (12, 4, 2)
    """
    most = batch if step is None else math.gcd(batch, step)
    if given is None:
        return most
    if given < 1 or most % given:
        what = "batch" if step is None else "batch and batch_step"
        sizes = f"{batch}" if step is None else f"{batch} and {step}"
        raise ValueError(f"microbatch must divide {what}, got {given} beside {sizes}.")
    return given


def batch_size(
    batch: int,
    *,
    microbatch: int,
    least: int,
    most: int,
    step: int,
    calm: int,
    follows_clock: bool = False,
) -> BatchSize:
    """Makes the rule that steers the batch of a training by alerts.

    Args:
      batch: the first one; it may lie beyond the limits, and is never brought within.
      microbatch: as `microbatch_of`.
      least: smallest batch, unless the first one is less.
      most: largest batch, unless the first one is larger.
      step: examples by which it changes.
      calm: steps without an alert, after which it goes a step back; then as many again.
      follows_clock: whether throughput counts. Else its bit is not read, for it is
        not the same in every run.

    Raises:
      ValueError: a microbatch that does not divide batch, step and limits.

    Example:
      >>> rule = batch_size(12, microbatch=4, least=8, most=64, step=4, calm=200)
      >>> state, decision = rule.step(rule.init(), jnp.int32(0x01))
      >>> decision.batch.item(), REASONS[decision.reason.item()]
      (8, 'cusum_grad')

    Source: seed 003 8.10. There an alert acts at every step that it lasts; a validation
    alert, which changes nothing, is no calm here either.
    """
    low, high = min(least, batch), max(most, batch)
    numbers = {"batch": batch, "step": step, "least": low, "most": high}
    uneven = [f"{name} {size}" for name, size in numbers.items() if size % microbatch]
    if uneven:
        raise ValueError(
            "batches must be whole numbers of microbatches, got microbatch "
            f"{microbatch} and {', '.join(uneven)}."
        )
    read = 0x0F if follows_clock else 0x0F & ~_CLOCK

    def init() -> BatchState:
        zero = jnp.zeros((), jnp.int32)
        return BatchState(batch=jnp.array(batch, jnp.int32), calm=zero, alarms=zero)

    def advance(
        state: BatchState, alarms: Int[Array, ""]
    ) -> tuple[BatchState, Decision]:
        alarms = alarms & read
        begun = alarms & ~state.alarms
        has = lambda bit: (begun & bit) != 0
        rested = jnp.where(alarms == 0, state.calm + 1, 0)
        is_calm = rested >= calm
        way = jnp.where(
            has(_GRAD | _CLOCK),
            -step,
            jnp.where(
                has(_CLIP),
                step,
                jnp.where(is_calm, jnp.clip(batch - state.batch, -step, step), 0),
            ),
        )
        after = jnp.clip(state.batch + way, low, high)
        reason = jnp.where(
            has(_GRAD),
            REASONS.index("cusum_grad"),
            jnp.where(
                has(_CLOCK),
                REASONS.index("cusum_tps"),
                jnp.where(
                    has(_CLIP),
                    REASONS.index("cusum_clip"),
                    REASONS.index("restore"),
                ),
            ),
        )
        decision = Decision(
            batch=after,
            microbatches=after // microbatch,
            reason=jnp.where(after == state.batch, 0, reason),
        )
        rested = jnp.where(is_calm, 0, rested)
        return BatchState(batch=after, calm=rested, alarms=alarms), decision

    return BatchSize(init=init, step=advance)
