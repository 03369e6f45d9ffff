"""Elites of an archive that a run left, looked at again."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from koki2.agents.topology import as_data
from koki2.core.keys import episode_keys, Stream, stream
from koki2.envs.base import has_map
from koki2.evolution.configs import DESCRIPTORS, QDConfig
from koki2.evolution.descriptors import descriptors
from koki2.evolution.measures import report
from koki2.evolution.nursing import adult
from koki2.evolution.rollout import Layout, rollout
from koki2.evolution.task import task, wiring

Arrays = dict[str, Any]  # NumPy arrays by name
REPORTED = ("fitness", "energy_gained", "bad_arrivals", "integrity_lost")
LEARNT = ("abs_dw_mean", "abs_modulator_mean")


def elite(config: QDConfig, seed: int, archive: Arrays, cell: int) -> Arrays:
    """The genome in a cell of an archive that a run left, as named arrays.

    Args:
      config: of the run.
      seed: of the run.
      archive: its archive.npz.
      cell: number of the cell.

    Raises:
      ValueError: there is no such cell, or nobody in it.
    """
    count = len(archive["filled"])
    if not 0 <= cell < count:
        raise ValueError(f"cell wants a number from 0 to {count - 1}, got {cell}.")
    if not archive["filled"][cell]:
        raise ValueError(f"cell {cell} is empty: no genome behaved like that.")
    genome = task(config, wiring(config, seed)).genome
    return jax.device_get(genome.named(jnp.asarray(archive["genome"][cell])))


def behaviours(
    config: QDConfig,
    seed: int,
    genomes: np.ndarray,
    *,
    eval_seed: int,
    episodes: int,
    layout: Layout | None = None,
) -> Arrays:
    """How genomes behave in unseen lives, as adults: means over the lives of each.

    Args:
      config: of the run they come from.
      seed: of that run; its wiring hangs on it.
      genomes: flat ones, [S, D].
      eval_seed: which lives.
      episodes: how many, E.
      layout: of the lives.

    Returns:
      Of each genome, [S], by name: fitness, every descriptor that this world has, and
      what else was reported of its lives.
    """
    config = adult(config)
    data = jax.tree.map(lambda x: x[0], as_data([wiring(config, seed)], multiple=8))
    key = stream(jax.random.key(eval_seed), Stream.DEVELOP)
    keys = episode_keys(eval_seed, episodes)
    lives = _lives(config, layout)
    return jax.device_get(lives(data, key, keys, jnp.asarray(genomes)))


@functools.lru_cache(maxsize=8)
def _lives(config: QDConfig, layout: Layout | None):
    def lives(wired, key, keys, genomes):
        wired = jax.tree.map(jnp.asarray, wired)
        maps = has_map(task(config, wired).env)
        parts = task(config, wired, path=maps)
        names = tuple(n for n, wants_map in DESCRIPTORS.items() if maps >= wants_map)
        describe = descriptors(names, parts.env)
        params = jax.vmap(lambda genes: parts.genome.develop(key, genes))(genomes)
        stats = rollout(parts.episode, keys, params, layout=layout)

        def one(stats):
            said = report(config.fitness, stats)
            told = REPORTED + (LEARNT if config.agent.plast_enabled else ())
            found = dict(zip(names, describe(stats), strict=True))
            return {name: said[name] for name in told} | found

        return jax.tree.map(
            lambda x: jnp.mean(x, axis=1), jax.vmap(jax.vmap(one))(stats)
        )

    return jax.jit(lives)
