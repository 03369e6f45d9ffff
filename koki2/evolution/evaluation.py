"""Evaluation: how genomes' fitness is found. Evaluators wrap evaluators.

    full_episodes               every genome through every episode
    with_viability(inner)       short episodes first; those that fail go no further
    successive_halving(inner)   short episodes first; only the promising go on

All genomes live the same episodes (common random numbers). A genome that failed has a
shaped fitness of NaN, which every strategy ranks last. One with a gene that is not a
finite number has failed, whatever its episodes were like: see `evaluate_genomes`.
"""

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import chex
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from koki2.core.columns import Maybe, total, WideCount
from koki2.core.keys import Stream, stream
from koki2.core.types import Key
from koki2.evolution.episode import Episode, EpisodeStats
from koki2.evolution.figures import Score
from koki2.evolution.rollout import Layout, rollout

Params = Any
"""Agents' parameters, each array [P, ...]."""
State = Any
"""What an evaluator remembers from generation to generation; None: nothing."""
Metrics = dict[str, Array | Maybe | WideCount]
"""Columns of a generation's row."""


@chex.dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What evaluating a population found. P genomes, E episodes."""

    fitness: Float[Array, " P"]  # mean over the episodes; NaN where not evaluated
    shaped_fitness: Float[Array, " P"]  # what search is told; NaN: failed
    failed: Bool[Array, " P"]
    stats: EpisodeStats  # [P, E, ...]; zeros where not evaluated
    env_steps: WideCount | Int[Array, ""]  # lived, of all episodes
    metrics: Metrics


class Evaluator(NamedTuple):
    """Finds the fitness of genomes. Pure functions."""

    init: Callable[[], State]
    """() -> state."""
    evaluate: Callable[..., tuple[Evaluation, State]]
    """(key of the generation, state, params, wanted=None) -> (evaluation, state). Of
    those not wanted, bool [P], nothing is found out: they have failed."""
    selects: bool = False
    """Whether only some of the genomes live whole episodes, so that leaving out those
    that are not wanted takes no more work."""


def evaluate_genomes(
    evaluator: Evaluator,
    key: Key,
    state: State,
    genomes: Float[Array, "P D"],
    params: Params,
) -> tuple[Evaluation, State]:
    """Finds the fitness of genomes; those that are not finite have failed.

    Args:
      evaluator: finds the fitness.
      key: of the generation.
      state: the evaluator's.
      genomes: flat ones.
      params: the agents that they became.

    Example:
      >>> from koki2 import agents, envs
      >>> from koki2.evolution import episode
      >>> stays = episode(envs.chemotaxis(), agents.stay())
      >>> evaluator = full_episodes(
      ...     stays, lambda stats: stats.t_alive.astype(jnp.float32), episodes=1)
      >>> genomes = jnp.array([[0.0], [jnp.inf]])
      >>> params = {"unread": genomes}
      >>> found, _ = evaluate_genomes(
      ...     evaluator, jax.random.key(0), None, genomes, params)
      >>> found.shaped_fitness.tolist(), found.failed.tolist()
      ([128.0, nan], [False, True])
    """
    sound = jnp.all(jnp.isfinite(genomes), axis=1)
    wanted = sound if evaluator.selects else None
    found, state = evaluator.evaluate(key, state, params, wanted)
    found = dataclasses.replace(
        found,
        fitness=jnp.where(sound, found.fitness, jnp.nan),
        shaped_fitness=jnp.where(sound, found.shaped_fitness, jnp.nan),
        failed=found.failed | ~sound,
    )
    return found, state


def full_episodes(
    episode: Episode,
    score: Score,
    episodes: int,
    *,
    fertile: Callable[[Int[Array, "P E"]], Bool[Array, " P"]] | None = None,
    layout: Layout | None = None,
) -> Evaluator:
    """Runs every wanted genome through whole episodes.

    Args:
      episode: an agent in a world.
      score: fitness of one episode.
      episodes: how many, E.
      fertile: steps lived, [P, E] -> which genomes may reproduce; the others have
        failed. None: all.
      layout: of the episodes; changes speed, never bits.

    Example:
      >>> from koki2 import agents, envs
      >>> from koki2.evolution import episode
      >>> stays = episode(envs.chemotaxis(), agents.stay())
      >>> evaluator = full_episodes(
      ...     stays, lambda stats: stats.t_alive.astype(jnp.float32), episodes=2)
      >>> evaluate = jax.jit(evaluator.evaluate)
      >>> found, _ = evaluate(jax.random.key(0), None, None)
      >>> found.shaped_fitness.tolist(), int(found.env_steps)
      ([128.0], 256)
    """

    def evaluate(
        key: Key, state: State, params: Params, wanted: Bool[Array, " P"] | None = None
    ) -> tuple[Evaluation, State]:
        keys = jax.random.split(stream(key, Stream.LIVES), episodes)
        stats = wanted_episodes(episode, keys, params, wanted, layout=layout)
        fitness = mean_score(score, stats)
        if wanted is None:
            wanted = jnp.ones(fitness.shape, bool)
        passed = wanted
        metrics: Metrics = {"evaluated": count(wanted)}
        if fertile is not None:
            passed = wanted & fertile(stats.t_alive)
            metrics["repro_failed"] = count(wanted & ~passed)
        failed = ~(passed & jnp.isfinite(fitness))
        evaluation = Evaluation(
            fitness=jnp.where(wanted, fitness, jnp.nan),
            shaped_fitness=jnp.where(failed, jnp.nan, fitness),
            failed=failed,
            stats=stats,
            env_steps=total(stats.t_alive, episode.steps),
            metrics=metrics,
        )
        return evaluation, state

    return Evaluator(init=lambda: None, evaluate=evaluate)


def wanted_episodes(
    episode: Episode,
    keys: Array,
    params: Params,
    wanted: Bool[Array, " P"] | None,
    *,
    steps: int | None = None,
    layout: Layout | None = None,
) -> EpisodeStats:
    """Episodes of the wanted genomes; those of the others are skipped, or zeros.

    The wanted are put first, so that whole chunks of the others can be skipped.

    Args:
      episode: an agent in a world.
      keys: of the episodes, [E].
      params: of the agents.
      wanted: bool [P]; None: all.
      steps: length of an episode; None: a whole one.
      layout: see `rollout`.

    Returns:
      Stats in the order of `params`, each [P, E, ...].
    """
    if wanted is None:
        return rollout(episode, keys, params, steps=steps, layout=layout)
    order = jnp.argsort(~wanted, stable=True)
    params = jax.tree.map(lambda x: x[order], params)
    stats = rollout(
        episode, keys, params, steps=steps, wanted=wanted[order], layout=layout
    )
    return jax.tree.map(lambda x: jnp.zeros_like(x).at[order].set(x), stats)


def mean_score(score: Score, stats: EpisodeStats) -> Float[Array, " P"]:
    """Means over the episodes of each genome; `stats` are [P, E, ...]."""
    return jnp.mean(jax.vmap(jax.vmap(score))(stats), axis=1)


def count(mask: Bool[Array, "..."]) -> Int[Array, ""]:
    """How many are true."""
    return jnp.sum(mask, dtype=jnp.int32)
