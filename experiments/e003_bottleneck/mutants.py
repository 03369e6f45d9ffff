"""Mutants: the share of an evolved genome's mutations that are catastrophic.

A mutation is noise on every gene, of the size that search used on it (search.sigma). It
is catastrophic if the mutant keeps less than half of what its parent gains over an
agent that only stays, on the same unseen episodes; see `genomes.mutation`.
"""

from collections.abc import Callable, Mapping

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from koki2.core.types import Key
from koki2.evolution import judge, setting
from koki2.evolution.configs import EvolutionConfig
from koki2.evolution.heldout import genome_lives
from koki2.genomes.configs import GroupMutation, MutationConfig
from koki2.genomes.mutation import catastrophic_rate, mutation

ShareOf = Callable[[Key, int, Mapping[str, ArrayLike]], float]
"""(key, seed of the run, its genome by name) -> share in [0, 1], or NaN."""


def catastrophic_share(
    config: EvolutionConfig, *, mutants: int, eval_seed: int, episodes: int
) -> ShareOf:
    """Builds the measure for the genomes of a config; compiles once.

    Args:
      config: of the runs that the genomes come from.
      mutants: how many of each genome, M.
      eval_seed: which unseen episodes.
      episodes: how many.

    Returns:
      (key, seed, genome) -> the share of M mutants that are catastrophic; NaN if the
      genome is no fitter than an agent that only stays.
    """
    named = setting(config)
    evaluate = genome_lives(named.adult, config.fitness)
    which = {"eval_seed": eval_seed, "episodes": episodes}
    floor = float(np.mean(judge(config).baseline("stay", **which)["fitness"]))
    boldness = MutationConfig(others=GroupMutation(sigma=config.search.sigma))

    def share(key: Key, seed: int, genome: Mapping[str, ArrayLike]) -> float:
        data = named.data(seed)
        encoding = named.adult(data).genome
        parent = jnp.asarray(encoding.flat(dict(genome)))
        mutate = mutation(boldness, encoding)
        children = jax.vmap(mutate, (0, None))(jax.random.split(key, mutants), parent)
        genes = jnp.concatenate([parent[None], children])
        found = evaluate(data, genes, eval_seed, episodes)
        fitness = np.mean(found["fitness"], axis=1)
        rate = catastrophic_rate(
            jnp.float32(fitness[0]), jnp.asarray(fitness[1:], jnp.float32), floor=floor
        )
        return float(rate)

    return share
