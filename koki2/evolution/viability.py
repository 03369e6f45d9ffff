"""The minimal viability test (MVT): short episodes first, and full ones for who passes.

A genome passes if any of its short episodes reaches every threshold at once. Who fails
is not evaluated further.

Source: seed 002, stage 5. There the failed were evaluated all the same, and the short
episode was a faster one, where here it is the beginning of a full one.
"""

import dataclasses
from typing import Any

import chex
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Int

from koki2.core.columns import plus, total, WideCount
from koki2.core.keys import Stream, stream
from koki2.core.types import Key, Keys
from koki2.evolution.configs import ViabilityConfig
from koki2.evolution.episode import Episode, EpisodeStats
from koki2.evolution.evaluation import count, Evaluation, Evaluator, Params
from koki2.evolution.figures import action_entropies
from koki2.evolution.rollout import Layout, rollout

REASONS = ("alive_steps", "action_entropy", "energy_gained", "not_finite", "together")


@chex.dataclass(frozen=True, kw_only=True)
class Viability:
    """The outcome of the test for a population."""

    passed: Bool[Array, " P"]
    failed: dict[str, Int[Array, ""]]  # how many failed, by reason; one may have two
    steps: WideCount  # env-steps it took


def with_viability(
    inner: Evaluator,
    episode: Episode,
    config: ViabilityConfig,
    *,
    layout: Layout | None = None,
) -> Evaluator:
    """Evaluates only those genomes that pass the viability test; the others failed.

    Args:
      inner: evaluates those that pass.
      episode: an agent in a world.
      config: the thresholds.
      layout: of the short episodes.
    """

    def evaluate(
        key: Key, state: Any, params: Params, wanted: Bool[Array, " P"] | None = None
    ) -> tuple[Evaluation, Any]:
        keys = jax.random.split(stream(key, Stream.VIABILITY), config.mvt_episodes)
        test = viability(config, episode, keys, params, layout)
        passed = test.passed if wanted is None else test.passed & wanted
        found, state = inner.evaluate(key, state, params, passed)
        rate = count(passed).astype(jnp.float32) / float(passed.shape[0])
        metrics = {"mvt_pass_rate": rate}
        metrics |= {f"mvt_failed_{name}": test.failed[name] for name in REASONS}
        found = dataclasses.replace(
            found,
            env_steps=plus(test.steps, found.env_steps),
            metrics=found.metrics | metrics | {"env_steps_rung0": test.steps},
        )
        return found, state

    return Evaluator(init=inner.init, evaluate=evaluate, selects=True)


def viability(
    config: ViabilityConfig,
    episode: Episode,
    keys: Keys,
    params: Params,
    layout: Layout | None = None,
) -> Viability:
    """Tests every genome of a population.

    Args:
      config: the thresholds.
      episode: an agent in a world.
      keys: of the short episodes, [E].
      params: of the agents, each field [P, ...].
      layout: see `rollout`.

    Returns:
      Which passed. A threshold that none of a genome's episodes reached is a reason;
      where each was reached, but never all in one episode, the reason is "together".
    """
    stats = rollout(episode, keys, params, steps=config.mvt_steps, layout=layout)
    reached = _thresholds(config, stats)
    passed = jnp.any(jnp.all(jnp.stack(list(reached.values())), axis=0), axis=1)
    missed = {name: ~jnp.any(ok, axis=1) for name, ok in reached.items()}
    alone = jnp.any(jnp.stack(list(missed.values())), axis=0)
    missed["together"] = ~passed & ~alone
    return Viability(
        passed=passed,
        failed={name: count(m) for name, m in missed.items()},
        steps=total(stats.t_alive, config.mvt_steps),
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
