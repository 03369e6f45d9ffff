"""Successive halving: short episodes for all, whole ones for the promising (rungs).

    rung 0   the viability test, if it is on          all P genomes
    rung 1   short episodes                           those that passed
    rung 2   whole episodes, by the inner evaluator   those promoted, at most C

Who is promoted, and what search is told of the others, says `rungs`. Rows count
env-steps as lived. What the rungs save is an estimate: had the viable that were not
promoted lived as long as the promoted did on average, less what rung 1 took.
"""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from koki2.core.columns import maybe, number, plus, total, wide, WideCount
from koki2.core.given import given
from koki2.core.keys import Stream, stream
from koki2.core.types import Key
from koki2.evolution import rungs
from koki2.evolution.configs import RungsConfig
from koki2.evolution.episode import Episode
from koki2.evolution.evaluation import (
    count,
    Evaluation,
    Evaluator,
    mean_score,
    Metrics,
    Params,
    Score,
    wanted_episodes,
)
from koki2.evolution.rollout import Layout
from koki2.search.novelty import novelty, NoveltyArchive, remember


def successive_halving(
    inner: Evaluator,
    episode: Episode,
    score: Score,
    config: RungsConfig,
    num_actions: int,
    *,
    layout: Layout | None = None,
) -> Evaluator:
    """Evaluates those genomes whose short episodes are promising.

    Args:
      inner: evaluates the promoted, by whole episodes; its state must be None.
      episode: an agent in a world.
      score: fitness of one episode, short or whole.
      config: lengths and shares.
      num_actions: of the world, A; sets the size of a behaviour.
      layout: of the short episodes.
    """
    steps = min(config.rung1_steps, episode.steps)

    def short(key: Key, params: Params, wanted: Bool[Array, " P"]):
        keys = jax.random.split(stream(key, Stream.RUNG), config.rung1_episodes)
        return wanted_episodes(
            episode, keys, params, wanted, steps=steps, layout=layout
        )

    def evaluate(
        key: Key, state: Any, params: Params, wanted: Bool[Array, " P"] | None = None
    ) -> tuple[Evaluation, Any]:
        if wanted is None:
            wanted = jnp.ones(jax.tree.leaves(params)[0].shape[0], bool)
        first = short(key, params, wanted)
        proxy = mean_score(score, first)
        behaviour = None if state is None else rungs.behaviours(first, steps)
        chosen, valid, state = _promote(config, wanted, proxy, behaviour, state)
        promoted = jax.tree.map(lambda x: x[chosen], params)
        full, _ = inner.evaluate(key, inner.init(), promoted, valid)
        spent = total(first.t_alive, steps)
        metrics = _metrics(config, wanted, valid, proxy[chosen], full, spent)
        found = _whole(full, chosen, valid, wanted, proxy)
        found = dataclasses.replace(
            found,
            env_steps=plus(spent, full.env_steps),
            metrics=full.metrics | metrics,
        )
        return found, state

    init = lambda: rungs.archive_of(config, num_actions)
    return Evaluator(init=init, evaluate=evaluate, selects=True)


def _promote(
    config: RungsConfig,
    wanted: Bool[Array, " P"],
    proxy: Float[Array, " P"],
    behaviour: Float[Array, "P B"] | None,
    archive: NoveltyArchive | None,
):
    """Whom, which of these places are taken, and the archive of behaviours after."""
    if archive is None:
        return *rungs.promote(config, wanted, proxy, None), None
    behaviour = given(behaviour)
    unlike = novelty(behaviour, wanted, archive, config.novelty_k)
    chosen, valid = rungs.promote(config, wanted, proxy, unlike)
    top, _ = rungs.capacities(config, wanted.shape[0])
    new = chosen[top:][: config.archive_size]
    return chosen, valid, remember(archive, behaviour[new], wanted[new])


def _whole(full: Evaluation, chosen, valid, wanted, proxy) -> Evaluation:
    """The evaluation of all, from that of the promoted."""
    scatter = lambda blank, x: blank.at[chosen].set(x)
    sound = ~full.failed
    floor = jnp.min(jnp.where(sound, full.fitness, jnp.inf))
    floor = jnp.where(jnp.any(sound), floor, 0.0)
    evaluated = scatter(jnp.zeros_like(wanted), valid)
    waiting = wanted & ~evaluated & jnp.isfinite(proxy)  # the others failed
    surrogate = rungs.surrogate_fitness(floor, waiting, proxy)
    rest = jnp.where(waiting, surrogate, jnp.nan)
    told = jnp.where(valid, full.shaped_fitness, rest[chosen])
    return Evaluation(
        fitness=scatter(jnp.full_like(rest, jnp.nan), full.fitness),
        shaped_fitness=scatter(rest, told),
        failed=scatter(~waiting, jnp.where(valid, full.failed, ~waiting[chosen])),
        stats=jax.tree.map(
            lambda x: scatter(jnp.zeros(wanted.shape + x.shape[1:], x.dtype), x),
            full.stats,
        ),
        env_steps=full.env_steps,
        metrics=full.metrics,
    )


def _metrics(
    config: RungsConfig,
    wanted: Bool[Array, " P"],
    valid: Bool[Array, " C"],
    proxy: Float[Array, " C"],
    full: Evaluation,
    spent: WideCount,
) -> Metrics:
    top, _ = rungs.capacities(config, wanted.shape[0])
    real = lambda count: count.astype(jnp.float32)
    lived = wide(full.env_steps)
    per_genome = number(lived) / jnp.maximum(real(count(valid)), 1.0)
    waiting = count(wanted) - count(valid)
    return {
        "rung1_evaluated": count(wanted),
        "promoted_top": count(valid[:top]),
        "promoted_novel": count(valid[top:]),
        "rung_correlation": maybe(rungs.spearman(proxy, full.fitness, valid)),
        "env_steps_rung0": jnp.int32(0),
        "env_steps_rung1": spent,
        "env_steps_rung2": lived,
        "env_steps_saved": real(waiting) * per_genome - number(spent),
    }
