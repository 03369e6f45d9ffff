"""What a life is worth, and what else is reported of it beside its fitness."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from koki2.evolution.configs import FitnessConfig
from koki2.evolution.lifetime import Tally


def fitness(config: FitnessConfig, tally: Tally) -> Float[Array, ""]:
    """alpha * steps alive + beta * energy gained + bonus * success - cost. One life.

    Where the young's steps weigh differently (`NursingConfig.early_weight`), steps and
    energy are the weighted ones. The cost is charged if the agent has one.

    Source: seed 002, L0 (1, 10, 50).
    """
    counts = tally if tally.weighted is None else tally.weighted
    worth = (
        config.fitness_alpha * counts.t_alive.astype(jnp.float32)
        + config.fitness_beta * counts.energy_gained
        + config.success_bonus * tally.success.astype(jnp.float32)
    )
    if tally.cost is None or config.cost_weight == 0:
        return worth
    return worth - config.cost_weight * tally.cost


def action_entropy(tally: Tally) -> Float[Array, ""]:
    """Entropy of the actions taken, in nats; 0 if only one was."""
    return entropy(tally.actions)


def entropy(counts: Int[Array, " A"]) -> Float[Array, ""]:
    """Entropy of some counts, in nats; 0 if there are none.

    Example:
      >>> round(float(entropy(jnp.array([2, 2, 0]))), 4)  # log 2
      0.6931
    """
    share = _shares(counts)
    return -jnp.sum(jnp.where(share > 0, share * jnp.log(jnp.maximum(share, 1e-9)), 0))


def report(config: FitnessConfig, tally: Tally) -> dict[str, Float[Array, ""]]:
    """The thirteen figures of one life, hazards beside fitness.

    Returns:
      fitness, success (0 or 1), t_alive (steps), energy_gained, bad_arrivals,
      integrity_lost, integrity_min, action_entropy (nats), action_mode_frac (share of
      the commonest action), abs_dw_mean and abs_modulator_mean (per step alive),
      abs_dw_on_event (per step with a gain or loss) and event_step_frac; and cost (as
      the agent counts it, over the life) for agents that have one.
    """
    number = lambda x: x.astype(jnp.float32)
    steps = number(jnp.maximum(tally.t_alive, 1))
    events = number(jnp.maximum(tally.events, 1))
    zero = jnp.float32(0.0)
    learning = tally.learning
    costs = {} if tally.cost is None else {"cost": tally.cost}
    return {
        "fitness": fitness(config, tally),
        "success": number(tally.success),
        "t_alive": number(tally.t_alive),
        "energy_gained": tally.energy_gained,
        "bad_arrivals": number(tally.bad_arrivals),
        "integrity_lost": tally.integrity_lost,
        "integrity_min": tally.integrity_min,
        "action_entropy": action_entropy(tally),
        "action_mode_frac": jnp.max(_shares(tally.actions)),
        "abs_dw_mean": learning.abs_dw / steps if learning else zero,
        "abs_modulator_mean": learning.abs_modulator / steps if learning else zero,
        "abs_dw_on_event": learning.abs_dw_on_event / events if learning else zero,
        "event_step_frac": number(tally.events) / steps,
        **costs,
    }


def action_entropies(tally: Tally) -> Float[Array, "P E"]:
    """`action_entropy` of genomes by episodes."""
    return jax.vmap(jax.vmap(action_entropy))(tally)


def reports(config: FitnessConfig, tally: Tally) -> dict[str, Float[Array, " E"]]:
    """`report` of many lives, along the first axis."""
    return jax.vmap(lambda one: report(config, one))(tally)


def _shares(counts: Int[Array, " A"]) -> Float[Array, " A"]:
    real = counts.astype(jnp.float32)
    return real / jnp.maximum(jnp.sum(real), 1.0)
