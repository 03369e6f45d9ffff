"""The guard: which steps are taken, how far, and when a run is given up.

not finite (loss or norm)    skipped; 50 in a row, and the run has diverged
norm > spike_threshold       skipped, and the rate halved, to a tenth at least; 200
                             steps without a spike give it all back
norm > grad_clip             the gradient is cut to that norm
"""

from typing import NamedTuple

import chex
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from koki2.training.configs import CLEAN_STEPS, MOST_NOT_FINITE, SPIKE_FLOOR


@chex.dataclass(frozen=True, kw_only=True)
class Guard:
    """What the guard remembers."""

    factor: Float[Array, ""]
    """On the rate, .1 to 1."""
    clean: Int[Array, ""]
    """Steps since the last spike, CLEAN_STEPS at most."""
    not_finite: Int[Array, ""]
    """Steps in a row, up to now, that were not finite."""
    clipped: Int[Array, ""]
    """Steps whose clip_coef was below 1."""
    skipped: Int[Array, ""]
    """Steps skipped."""
    has_diverged: Bool[Array, ""]
    """Whether 50 in a row were not finite; stays so, and all further steps are
    skipped."""


class Verdict(NamedTuple):
    """What the guard says of a step."""

    is_taken: Bool[Array, ""]
    clip_coef: Float[Array, ""]
    """What the gradient is multiplied by; 0 where the step is skipped."""
    is_finite: Bool[Array, ""]
    is_spike: Bool[Array, ""]


def first_guard() -> Guard:
    """The guard of a run that begins."""
    return Guard(
        factor=jnp.float32(1.0),
        clean=jnp.int32(0),
        not_finite=jnp.int32(0),
        clipped=jnp.int32(0),
        skipped=jnp.int32(0),
        has_diverged=jnp.bool_(False),
    )


def judge(
    guard: Guard,
    loss: Float[Array, ""],
    norm: Float[Array, ""],
    *,
    grad_clip: float,
    spike_threshold: float,
) -> tuple[Verdict, Guard]:
    """Judges a step by its loss and the norm of its gradient, before it is clipped.

    The factor that it leaves counts from the next step on.

    Args:
      guard: what it remembers.
      loss: of the step.
      norm: of its gradient.
      grad_clip: norm to which longer gradients are cut; 0: none is.
      spike_threshold: norm above which a step is skipped; 0: none is, for that.

    Example:
      >>> norms = jnp.array([2.0, 20.0, jnp.nan])
      >>> for norm in norms:
      ...     verdict, after = judge(
      ...         first_guard(), jnp.float32(1.0), norm, grad_clip=1.0,
      ...         spike_threshold=10.0)
      ...     print(verdict.clip_coef, verdict.is_taken, after.factor)
      0.5 True 1.0
      0.0 False 0.5
      0.0 False 0.5
    """
    is_finite = jnp.isfinite(loss) & jnp.isfinite(norm)
    is_spike = jnp.bool_(False)
    factor, clean = guard.factor, guard.clean
    if spike_threshold:
        is_spike = ~is_finite | (norm > spike_threshold)
        clean = jnp.where(is_spike, 0, jnp.minimum(clean + 1, CLEAN_STEPS))
        halved = jnp.maximum(factor * 0.5, SPIKE_FLOOR)
        given_back = jnp.where(clean == CLEAN_STEPS, jnp.float32(1.0), factor)
        factor = jnp.where(is_spike, halved, given_back)
    is_taken = is_finite & ~is_spike & ~guard.has_diverged
    coef = jnp.float32(1.0)
    if grad_clip:
        coef = jnp.minimum(coef, grad_clip / jnp.where(is_taken, norm, 1.0))
    coef = jnp.where(is_taken, coef, 0.0)
    not_finite = jnp.where(is_finite, 0, guard.not_finite + 1)
    after = Guard(
        factor=factor,
        clean=clean,
        not_finite=not_finite,
        clipped=guard.clipped + (coef < 1).astype(jnp.int32),
        skipped=guard.skipped + (~is_taken).astype(jnp.int32),
        has_diverged=guard.has_diverged | (not_finite >= MOST_NOT_FINITE),
    )
    return Verdict(is_taken, coef, is_finite, is_spike), after
