"""Populations: how many of their members count, and how different they are.

In one training the population is that of its last 50 losses.
"""

import collections
import dataclasses
from collections.abc import Iterable, Sequence

import chex
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

RECENT = 50


@chex.dataclass(frozen=True, kw_only=True)
class RecentLosses:
    """The last 50 losses, of which the oldest is written over."""

    losses: Float[Array, " R"]  # NaN where none has been yet
    count: Int[Array, ""]  # seen in all


def no_losses() -> RecentLosses:
    """What is remembered before the first step."""
    return RecentLosses(
        losses=jnp.full(RECENT, jnp.nan, jnp.float32), count=jnp.zeros((), jnp.int32)
    )


def remember(recent: RecentLosses, loss: Float[Array, ""]) -> RecentLosses:
    """Adds the loss of a step, in the place of the one 50 steps before.

    Example:
      >>> recent = remember(no_losses(), jnp.float32(2.5))
      >>> recent.losses[:2].tolist(), recent.count.item()
      ([2.5, nan], 1)
    """
    losses = recent.losses.at[recent.count % RECENT].set(loss.astype(jnp.float32))
    return dataclasses.replace(recent, losses=losses, count=recent.count + 1)


@jax.jit
def population_entropy(fitness: Float[Array, " P"]) -> Float[Array, ""]:
    """Entropy of softmax(fitness), in nats: ln of how many members count.

        p = softmax(fitness),     H = -sum_i p_i ln p_i

    Args:
      fitness: of a population, or minus the losses of recent steps. Members whose
        fitness is not finite do not count.

    Returns:
      Between 0 and ln P; NaN if no member counts.

    Example:
      >>> round(population_entropy(-jnp.array([2.0, 2.0, jnp.inf])).item(), 4)
      0.6931

    Source: seed 003 8.6. A softmax knows no scale: fitness in other units has another
    entropy, and losses that are much alike have ln 50 = 3.91.
    """
    counts = jnp.isfinite(fitness)
    logits = jnp.where(counts, fitness, -jnp.inf)
    top = jnp.max(logits)
    away = jnp.where(counts, fitness - top, 0.0)
    weights = jnp.where(counts, jnp.exp(away), 0.0)
    total = jnp.sum(weights)
    entropy = jnp.log(total) - jnp.sum(weights * away) / total
    return jnp.where(jnp.any(counts), jnp.maximum(entropy, 0.0), jnp.nan)


def activation_distribution(names: Iterable[str]) -> dict[str, int]:
    """Counts the layers of every activation, in the order of the alphabet.

    Args:
      names: of every layer; of a population, of every layer of every member.

    Example:
      >>> activation_distribution(["swiglu"] * 6 + ["gelu"] * 6)
      {'gelu': 6, 'swiglu': 6}

    Source: seed 003 8.7.
    """
    return dict(sorted(collections.Counter(names).items()))


def architecture_diversity(members: Sequence[str]) -> float:
    """Share of a population that is unique: different members over all.

    Raises:
      ValueError: there are none.

    Example:
      >>> architecture_diversity(["gelu", "silu", "gelu", "gelu"])
      0.5

    Source: seed 003 8.11.
    """
    if not members:
        raise ValueError("members must be one at least, got none.")
    return len(set(members)) / len(members)
