"""Rungs of successive halving: which genomes are promoted, and the others' fitness.

C genomes at most are promoted: ceil((p + q) P), of which the ceil(p P) fittest by
proxy, and of the rest the most novel. Of equal proxies the more novel goes first, then
the first. Search is told the fitness of the promoted; the others come one by one, in
the order of their proxies, below the worst of them (a surrogate fitness).

Source: seed 002, stage 5 (top p%, novel q%).
"""

import math

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from koki2.evolution.configs import RungsConfig
from koki2.evolution.episode import EpisodeStats
from koki2.search.novelty import empty_archive, NoveltyArchive
from koki2.search.ranks import centred_ranks

BEYOND_ACTIONS = 4  # figures of a behaviour beside the shares of actions


def capacities(config: RungsConfig, pop_size: int) -> tuple[int, int]:
    """How many are promoted by proxy, and how many by novelty, at most.

    Example:
      >>> capacities(RungsConfig(promote_top_p=0.25, promote_novel_q=0.1), pop_size=10)
      (3, 1)
    """
    up = lambda share: math.ceil(round(share * pop_size, 9))
    top = up(config.promote_top_p)
    both = min(up(config.promote_top_p + config.promote_novel_q), pop_size)
    return top, both - top


def archive_of(config: RungsConfig, num_actions: int) -> NoveltyArchive | None:
    """An empty archive; None where nothing is promoted for novelty."""
    if not config.rungs or config.promote_novel_q == 0:
        return None
    return empty_archive(config.archive_size, num_actions + BEYOND_ACTIONS)


def behaviour(stats: EpisodeStats, steps: int) -> Float[Array, " B"]:
    """What a life was like, whatever it was worth: all in [0, 1]. One life.

    The share of each action; of `steps`, the share lived; g / (1 + g) of the energy
    gained and of the integrity lost; and the share of steps with a gain or a loss.
    """
    number = lambda x: x.astype(jnp.float32)
    lived = jnp.maximum(number(stats.t_alive), 1.0)
    bounded = lambda x: jnp.where(jnp.isfinite(x), x / (1.0 + jnp.abs(x)), 0.0)
    rest = [
        number(stats.t_alive) / float(steps),
        bounded(stats.energy_gained),
        bounded(stats.integrity_lost),
        number(stats.events) / lived,
    ]
    return jnp.concatenate([number(stats.actions) / lived, jnp.stack(rest)])


def behaviours(stats: EpisodeStats, steps: int) -> Float[Array, "P B"]:
    """`behaviour` of genomes: the mean over their episodes."""
    each = jax.vmap(jax.vmap(lambda one: behaviour(one, steps)))(stats)
    return jnp.mean(each, axis=1)


def promote(
    config: RungsConfig,
    viable: Bool[Array, " P"],
    proxy: Float[Array, " P"],
    novelty: Float[Array, " P"] | None = None,
) -> tuple[Int[Array, " C"], Bool[Array, " C"]]:
    """Chooses who lives in full.

    Args:
      config: the shares.
      viable: who passed rung 0; no other is promoted.
      proxy: mean fitness of the short episodes; what is not finite is worst.
      novelty: of the short episodes' behaviour; None if none is promoted for it.

    Returns:
      Whom, by index: first the fittest, then the most novel of the rest, most novel
      first; and which of these places are taken, for there may be too few viable.

    Example:
      >>> config = RungsConfig(promote_top_p=0.25, promote_novel_q=0.25)
      >>> everyone = jnp.ones(4, bool)
      >>> proxy, novelty = jnp.array([1.0, 4, 3, 2]), jnp.array([0.5, 0.9, 0.1, 0.2])
      >>> chosen, valid = promote(config, everyone, proxy, novelty)
      >>> chosen.tolist(), valid.tolist()
      ([1, 0], [True, True])
    """
    top, novel = capacities(config, viable.shape[0])
    proxy = _finite(proxy)
    unlike = jnp.zeros_like(proxy) if novelty is None else novelty
    chosen = jnp.lexsort((-unlike, -proxy, ~viable))[:top]
    if novel:
        taken = jnp.zeros_like(viable).at[chosen].set(True)
        rest = jnp.lexsort((-proxy, -unlike, ~viable, taken))
        chosen = jnp.concatenate([chosen, rest[:novel]])
    return chosen, viable[chosen]


def surrogate_fitness(
    floor: Float[Array, ""], waiting: Bool[Array, " P"], proxy: Float[Array, " P"]
) -> Float[Array, " P"]:
    """Fitness told of those not promoted: floor - 1 - how many of them are better.

    Args:
      floor: the lowest fitness of the promoted.
      waiting: which were viable and not promoted; of the others nothing is meant.
      proxy: mean fitness of the short episodes; equal ones are told the same.

    Example:
      >>> waiting = jnp.array([True, False, True, True])
      >>> proxy = jnp.array([2.0, 9, 3, 2])
      >>> surrogate_fitness(jnp.float32(7), waiting, proxy).tolist()[::2]
      [5.0, 6.0]
    """
    proxy = _finite(proxy)
    ordered = jnp.sort(jnp.where(waiting, proxy, -jnp.inf))
    better = proxy.shape[0] - jnp.searchsorted(ordered, proxy, side="right")
    return floor - 1.0 - better.astype(proxy.dtype)


def spearman(
    x: Float[Array, " C"], y: Float[Array, " C"], valid: Bool[Array, " C"]
) -> Float[Array, ""]:
    """Spearman's rank correlation of the valid pairs, ties at their average rank.

    NaN where it means nothing: fewer than two pairs, or one side all the same. Pairs
    that are not finite are left out.

    Example:
      >>> x, y = jnp.array([1.0, 2, 3, 9]), jnp.array([10.0, 30, 20, 0])
      >>> round(float(spearman(x, y, jnp.array([True, True, True, False]))), 6)
      0.5
    """
    if x.shape[0] < 2:
        return jnp.float32(jnp.nan)
    valid = valid & jnp.isfinite(x) & jnp.isfinite(y)
    count = jnp.sum(valid).astype(x.dtype)

    def centred(values):
        rank = centred_ranks(jnp.where(valid, values, -jnp.inf))  # the others: below
        mean = jnp.sum(jnp.where(valid, rank, 0.0)) / jnp.maximum(count, 1.0)
        return jnp.where(valid, rank - mean, 0.0)

    a, b = centred(x), centred(y)
    spread = jnp.sum(a * a) * jnp.sum(b * b)
    tied = (_extent(x, valid) <= 0) | (_extent(y, valid) <= 0)
    r = jnp.sum(a * b) / jnp.sqrt(jnp.where(tied, 1.0, spread))
    return jnp.where(tied, jnp.nan, jnp.clip(r, -1.0, 1.0))


def _extent(x, valid):
    """Greatest minus least of the valid; below zero if there are none."""
    most = jnp.max(jnp.where(valid, x, -jnp.inf))
    return most - jnp.min(jnp.where(valid, x, jnp.inf))


def _finite(x):
    return jnp.where(jnp.isfinite(x), x, -jnp.inf)
