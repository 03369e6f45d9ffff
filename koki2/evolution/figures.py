"""What a life is worth, and what else is reported of it beside its fitness."""

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from koki2.evolution.configs import FitnessConfig
from koki2.evolution.episode import EpisodeStats

Score = Callable[[EpisodeStats], Float[Array, ""]]
"""Fitness of one episode."""


def score(config: FitnessConfig = FitnessConfig()) -> Score:
    """Builds stats -> fitness, of one episode. See `fitness`."""
    return functools.partial(fitness, config)


def fitness(config: FitnessConfig, stats: EpisodeStats) -> Float[Array, ""]:
    """alpha * steps alive + beta * energy gained + bonus * success - cost. One life.

    Where the young's steps weigh differently (`NursingConfig.early_weight`), steps and
    energy are the weighted ones. The cost is charged if the agent has one.

    Source: seed 002, L0 (1, 10, 50).
    """
    counts = stats if stats.weighted is None else stats.weighted
    worth = (
        config.fitness_alpha * counts.t_alive.astype(jnp.float32)
        + config.fitness_beta * counts.energy_gained
        + config.success_bonus * stats.success.astype(jnp.float32)
    )
    if stats.cost is None or config.cost_weight == 0:
        return worth
    return worth - config.cost_weight * stats.cost


def action_entropy(stats: EpisodeStats) -> Float[Array, ""]:
    """Entropy of the actions taken, in nats; 0 if only one was."""
    return entropy(stats.actions)


def entropy(counts: Int[Array, " A"]) -> Float[Array, ""]:
    """Entropy of some counts, in nats; 0 if there are none.

    Example:
      >>> round(float(entropy(jnp.array([2, 2, 0]))), 4)  # log 2
      0.6931
    """
    share = _shares(counts)
    return -jnp.sum(jnp.where(share > 0, share * jnp.log(jnp.maximum(share, 1e-9)), 0))


def report(config: FitnessConfig, stats: EpisodeStats) -> dict[str, Float[Array, ""]]:
    """The thirteen figures of one life, hazards beside fitness.

    Returns:
      fitness, success (0 or 1), t_alive (steps), energy_gained, bad_arrivals,
      integrity_lost, integrity_min, action_entropy (nats), action_mode_frac (share of
      the commonest action), abs_dw_mean and abs_modulator_mean (per step alive),
      abs_dw_on_event (per step with a gain or loss) and event_step_frac; and cost (as
      the agent counts it, over the life) for agents that have one.
    """
    number = lambda x: x.astype(jnp.float32)
    steps = number(jnp.maximum(stats.t_alive, 1))
    events = number(jnp.maximum(stats.events, 1))
    zero = jnp.float32(0.0)
    learning = stats.learning
    costs = {} if stats.cost is None else {"cost": stats.cost}
    return {
        "fitness": fitness(config, stats),
        "success": number(stats.success),
        "t_alive": number(stats.t_alive),
        "energy_gained": stats.energy_gained,
        "bad_arrivals": number(stats.bad_arrivals),
        "integrity_lost": stats.integrity_lost,
        "integrity_min": stats.integrity_min,
        "action_entropy": action_entropy(stats),
        "action_mode_frac": jnp.max(_shares(stats.actions)),
        "abs_dw_mean": learning.abs_dw / steps if learning else zero,
        "abs_modulator_mean": learning.abs_modulator / steps if learning else zero,
        "abs_dw_on_event": learning.abs_dw_on_event / events if learning else zero,
        "event_step_frac": number(stats.events) / steps,
        **costs,
    }


def action_entropies(stats: EpisodeStats) -> Float[Array, "P E"]:
    """`action_entropy` of genomes by episodes."""
    return jax.vmap(jax.vmap(action_entropy))(stats)


def reports(
    config: FitnessConfig, stats: EpisodeStats
) -> dict[str, Float[Array, " E"]]:
    """`report` of many lives, along the first axis."""
    return jax.vmap(lambda one: report(config, one))(stats)


def _shares(counts: Int[Array, " A"]) -> Float[Array, " A"]:
    real = counts.astype(jnp.float32)
    return real / jnp.maximum(jnp.sum(real), 1.0)
