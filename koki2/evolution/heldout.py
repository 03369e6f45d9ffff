"""Held-out evaluation: genomes and baselines on the same unseen episodes, paired.

Episode i of an eval seed has the key `split(key(eval_seed), episodes)[i]`, for all
that are compared. What is compared is therefore the difference within each episode;
`koki2.reports.statistics` says how sure it is.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from koki2.agents.topology import as_data
from koki2.core.devices import moves_data
from koki2.core.keys import episode_keys, HeldOutStream, stream
from koki2.core.numbers import Numbers
from koki2.evolution.batch import Data
from koki2.evolution.configs import FitnessConfig
from koki2.evolution.episode import Episode, EpisodeStats
from koki2.evolution.figures import report
from koki2.evolution.generation import develop
from koki2.evolution.rollout import Layout, rollout
from koki2.evolution.task import Task

DEPTH = 8  # in-tables are padded to a multiple of it, so that one program serves many

Figures = dict[str, np.ndarray]
LivesOf = Callable[[Numbers, int, int], Figures]
"""(numbers of the world, eval_seed, episodes) -> figures, each [E]."""


def genome_lives(
    make: Callable[[Data], Task],
    fitness: FitnessConfig,
    *,
    more: Callable[[EpisodeStats], dict[str, Array]] | None = None,
    layout: Layout | None = None,
) -> Callable[[Data, Float[Array, "P D"], int, int], Figures]:
    """Builds the held-out evaluation of genomes; compiled once, for any data.

    Args:
      make: data -> task, of adults; the data may be traced.
      fitness: worth of what is reported.
      more: figures of an episode beside those of `figures.report`.
      layout: of the episodes.

    Returns:
      (data, flat genomes, eval_seed, episodes) -> figures, each [P, E].
    """

    def lives(data: Data, key: Array, keys: Array, genes: Array) -> Any:
        task = make(data)
        params = develop(task.genome, key, genes)
        stats = rollout(task.episode, keys, params, layout=layout)
        extra = more or (lambda one: {})
        figures = lambda one: report(fitness, one) | extra(one)
        return jax.vmap(jax.vmap(figures))(stats)

    compiled = jax.jit(lives)

    @moves_data
    def evaluate(data: Data, genes: Array, eval_seed: int, episodes: int) -> Figures:
        data = on_device(data)
        keys = episode_keys(eval_seed, episodes)
        return jax.device_get(compiled(data, develop_key(eval_seed), keys, genes))

    return evaluate


def on_device(data: Data) -> Data:
    """Data as programs take them: arrays, tables of the wiring padded to `DEPTH`."""
    wired = as_data([data.wiring], multiple=DEPTH)
    data = data._replace(wiring=jax.tree.map(lambda x: x[0], wired))
    return jax.tree.map(jnp.asarray, data)


def develop_key(eval_seed: int) -> Array:
    """The key with which genomes develop when they are evaluated."""
    return stream(jax.random.key(eval_seed), HeldOutStream.DEVELOP)


def baseline_lives(
    make: Callable[[Numbers], Episode],
    fitness: FitnessConfig,
    *,
    layout: Layout | None = None,
) -> LivesOf:
    """Builds the held-out evaluation of a scripted policy; compiled once.

    Args:
      make: numbers of the world, which may be traced -> the policy in it.
      fitness: worth of what is reported.
      layout: of the episodes.
    """

    def lives(numbers: Numbers, keys: Array) -> Any:
        stats = rollout(make(numbers), keys, None, layout=layout)
        return jax.vmap(lambda one: report(fitness, one))(
            jax.tree.map(lambda x: x[0], stats)
        )

    compiled = jax.jit(lives)

    @moves_data
    def evaluate(numbers: Numbers, eval_seed: int, episodes: int) -> Figures:
        numbers = jax.tree.map(jnp.asarray, numbers)
        return jax.device_get(compiled(numbers, episode_keys(eval_seed, episodes)))

    return evaluate
