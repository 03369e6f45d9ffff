"""E003's measure: which share of a genome's mutants lose most of what it gained."""

import math

import jax
import numpy as np
import pytest

from experiments.e003_bottleneck import mutants
from koki2.agents.configs import AgentConfig
from koki2.envs.configs import ChemotaxisConfig
from koki2.evolution import judge, setting
from koki2.evolution.configs import EvolutionConfig
from koki2.genomes import GroupMutation, mutation, MutationConfig
from koki2.search.configs import SearchConfig

CONFIG = EvolutionConfig(
    env=ChemotaxisConfig(width=4, steps=8),
    agent=AgentConfig(n_neurons=4, k_edges=2),
    search=SearchConfig(sigma=10.0),
)
WHICH = {"eval_seed": 0, "episodes": 4}
MUTANTS = 16


def test_the_share_is_that_of_mutants_judged_one_by_one(monkeypatch):
    named = setting(CONFIG)
    genome = named.adult(named.data(0)).genome
    genes = genome.init(jax.random.key(0)) * 10.0
    parent, key = genome.named(genes), lambda: jax.random.key(2)
    judged = judge(CONFIG)
    fitness_of = lambda arrays: float(
        np.mean(judged.genome(0, arrays, **WHICH)["fitness"])
    )
    mutate = mutation(MutationConfig(others=GroupMutation(sigma=10.0)), genome)
    children = [mutate(k, genes) for k in jax.random.split(key(), MUTANTS)]
    fitness = np.array([fitness_of(genome.named(child)) for child in children])
    own = fitness_of(parent)
    bar = (fitness.min() + own) / 2  # half of what is gained over the floor
    assert fitness.min() < own  # or the test would say nothing

    def share(floor):
        stay = lambda policy, eval_seed, episodes: {"fitness": np.full(episodes, floor)}
        rigged = lambda config: judged._replace(baseline=stay)
        monkeypatch.setattr(mutants, "judge", rigged)
        found = mutants.catastrophic_share(CONFIG, mutants=MUTANTS, **WHICH)
        return found(key(), 0, parent)

    assert share(2 * bar - own) == pytest.approx(np.mean(fitness < bar))
    assert math.isnan(share(own + 1))  # nothing to lose
