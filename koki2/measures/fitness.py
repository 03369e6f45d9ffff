"""Fitness of a candidate of an activation search, and how unsteady its training was."""

import math
from typing import Literal

import chex
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

Decay = Literal["none", "linear", "cosine"]
SATURATED = (
    0.1  # of the gradient: what clipping leaves, at most, of one that is cut off
)


@chex.dataclass(frozen=True, kw_only=True)
class Unrest:
    """How many steps of a training were unsteady, and in which way."""

    steps: Int[Array, ""]
    spikes: Int[Array, ""]  # gradient norm above the threshold of spikes
    saturated: Int[Array, ""]  # less than a tenth of the gradient was left
    failed: Int[Array, ""]  # not finite, or skipped


def at_rest() -> Unrest:
    """Before the first step."""
    zero = jnp.zeros((), jnp.int32)
    return Unrest(steps=zero, spikes=zero, saturated=zero, failed=zero)


def observe(
    unrest: Unrest,
    *,
    grad_norm: Float[Array, ""],
    clip_coef: Float[Array, ""],
    is_skipped: Bool[Array, ""],
    spike_threshold: float,
) -> Unrest:
    """Counts one step.

    Args:
      unrest: before it.
      grad_norm: before clipping.
      clip_coef: what of the gradient is left, 0 of a step that is skipped, which so is
        saturated, too.
      is_skipped: whether there was no update.
      spike_threshold: norm above which it is a spike; 0: there are none.

    Example:
      >>> step = dict(grad_norm=jnp.float32(12), clip_coef=jnp.float32(0.5))
      >>> seen = observe(at_rest(), **step, is_skipped=jnp.array(False),
      ...     spike_threshold=10.0)
      >>> seen.spikes.item(), seen.saturated.item(), seen.failed.item()
      (1, 0, 0)
    """
    is_spike = (grad_norm > spike_threshold) & (spike_threshold > 0)
    one = lambda happened: happened.astype(jnp.int32)
    return Unrest(
        steps=unrest.steps + 1,
        spikes=unrest.spikes + one(is_spike),
        saturated=unrest.saturated + one(clip_coef < SATURATED),
        failed=unrest.failed + one(is_skipped | ~jnp.isfinite(grad_norm)),
    )


def instability_score(
    unrest: Unrest, step_time_variation: float = 0.0
) -> Float[Array, ""]:
    """Shares of spikes, of saturated and of failed steps, and the variation of time.

    Args:
      unrest: of all steps.
      step_time_variation: deviation over mean of the seconds of a step, after the
        warm-up; 0 where rows must not follow the clock.

    Returns:
      0 of a calm training, and of none.

    Example:
      >>> counts = dict(steps=20, spikes=2, saturated=1, failed=1)
      >>> unrest = Unrest(**{name: jnp.int32(n) for name, n in counts.items()})
      >>> round(instability_score(unrest).item(), 4)
      0.2

    Source: seed 003 14.3, which names the terms and gives no weights: all are 1.
    """
    steps = jnp.maximum(unrest.steps, 1).astype(jnp.float32)
    count = unrest.spikes + unrest.saturated + unrest.failed
    return count.astype(jnp.float32) / steps + step_time_variation


def decay(kind: str, generation: int, generations: int) -> float:
    """How much the bonus of diversity counts in a generation: 1 in the first.

        none 1,     linear 1 - g / G,     cosine (1 + cos(pi g / G)) / 2

    Raises:
      ValueError: a decay of another name.

    Example:
      >>> [decay("linear", g, 4) for g in range(4)]
      [1.0, 0.75, 0.5, 0.25]
    """
    progress = generation / max(generations, 1)
    shapes = {
        "none": 1.0,
        "linear": 1 - progress,
        "cosine": (1 + math.cos(math.pi * progress)) / 2,
    }
    if kind not in shapes:
        raise ValueError(f"decay must be one of {', '.join(shapes)}, got {kind!r}.")
    return shapes[kind]


def fitness(
    *,
    val_loss: Float[Array, ""],
    tokens_per_gflop: float,
    instability: Float[Array, ""],
    penalty: Float[Array, ""],
    bonus: float = 0.0,
    alpha: float = 1.0,
    perf_weight: float = 0.0,
    stability_weight: float = 0.0,
    complexity_weight: float = 0.0,
) -> Float[Array, ""]:
    """Fitness of a candidate: higher is better, and one that diverged is the worst.

        -alpha * val_loss + perf_weight * ln(tokens_per_gflop)
        - stability_weight * instability - complexity_weight * penalty + bonus

    Args:
      val_loss: best of the candidate.
      tokens_per_gflop: tokens trained on per 10^9 operations, from the shapes alone.
      instability: as `instability_score`.
      penalty: of complexity, as `complexity.penalty`.
      bonus: of an activation that no earlier candidate of its generation has, times
        its `decay`.
      alpha: weight of the loss.
      perf_weight: of throughput.
      stability_weight: of instability.
      complexity_weight: of complexity.

    Returns:
      -inf where the loss is not finite, so that it is last in any order.

    Raises:
      ValueError: tokens_per_gflop is not above 0.

    Example:
      >>> of_one = dict(instability=jnp.float32(0.5), penalty=jnp.float32(0.25))
      >>> fitness(val_loss=jnp.float32(2.0), tokens_per_gflop=math.e, perf_weight=0.5,
      ...     stability_weight=1.0, complexity_weight=2.0, bonus=0.1, **of_one).item()
      -2.4000000953674316

    Source: seed 003 14.3, with the throughput read off the shapes and not off a clock,
    and with the complexity and the bonus that its config has. In its own code a loss
    was asked for before there was one: all fitness was infinite, differences were NaN,
    and the first of the list won.
    """
    if not tokens_per_gflop > 0:
        raise ValueError(f"tokens_per_gflop must be above 0, got {tokens_per_gflop}.")
    value = (
        -alpha * val_loss
        + (perf_weight * math.log(tokens_per_gflop) + bonus)
        - stability_weight * instability
        - complexity_weight * penalty
    )
    return jnp.where(jnp.isfinite(val_loss), value, -jnp.inf)
