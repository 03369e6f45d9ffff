"""The minimal viability test (MVT): a short life first, and full ones if it passes.

A genome passes if any of its short lives reaches every threshold at once. What fails
is not evaluated further: its fitness is a constant far below every other.

Source: seed 002, stage 5. There the failed were evaluated all the same; the short life
was a faster one, where here it is the beginning of a full one.
"""

import chex
import jax.numpy as jnp
from jaxtyping import Array, Bool, Int

from koki2.core.types import Keys
from koki2.evolution.configs import ViabilityConfig
from koki2.evolution.episode import Episode, EpisodeStats
from koki2.evolution.measures import action_entropies
from koki2.evolution.rollout import Layout, rollout

REASONS = ("alive_steps", "action_entropy", "energy_gained", "not_finite", "together")


@chex.dataclass(frozen=True, kw_only=True)
class Viability:
    """The outcome of the test for a population."""

    passed: Bool[Array, " P"]
    failed: dict[str, Int[Array, ""]]  # how many failed, by reason; one may have two
    steps: Int[Array, ""]  # env-steps it took


def viability(
    config: ViabilityConfig,
    episode: Episode,
    keys: Keys,
    params,
    layout: Layout | None = None,
) -> Viability:
    """Tests every genome of a population.

    Args:
      config: thresholds, and the number of short lives, which `keys` must match.
      life: agent and world.
      keys: of the short lives, [E].
      params: of the agents, each field [P, ...].
      layout: see `rollout`.

    Returns:
      Who passed. A threshold that none of a genome's lives reached is a reason; where
      each was reached, but never all in one life, the reason is "together".
    """
    stats = rollout(episode, keys, params, steps=config.mvt_steps, layout=layout)
    reached = _thresholds(config, stats)
    passed = jnp.any(jnp.all(jnp.stack(list(reached.values())), axis=0), axis=1)
    missed = {name: ~jnp.any(ok, axis=1) for name, ok in reached.items()}
    alone = jnp.any(jnp.stack(list(missed.values())), axis=0)
    missed["together"] = ~passed & ~alone
    return Viability(
        passed=passed,
        failed={name: jnp.sum(m, dtype=jnp.int32) for name, m in missed.items()},
        steps=jnp.sum(stats.t_alive),
    )


def _thresholds(
    config: ViabilityConfig, stats: EpisodeStats
) -> dict[str, Bool[Array, "P E"]]:
    return {
        "alive_steps": stats.t_alive >= config.mvt_min_alive_steps,
        "action_entropy": action_entropies(stats) >= config.mvt_min_action_entropy,
        "energy_gained": stats.energy_gained >= config.mvt_min_energy_gained,
        "not_finite": jnp.isfinite(stats.energy_gained),
    }
