"""What a level must be: a place where walking blindly fails, and a script does not.

A level of which a policy that sees nothing is the best asks nothing of a sense. Those
of seed 002 that are so keep its settings and figures, and are called `-seed`.
"""

import functools

import numpy as np
import pytest
from lanes_of_tests import mostly_slow

from koki2.envs import LEVELS
from koki2.evolution import EvolutionConfig, judge
from koki2.reports.statistics import difference

EPISODES, EVAL_SEED = 256, 77
OWN = [name for name in LEVELS if not name.endswith("-seed")]
SEEDS = [name for name in LEVELS if name.endswith("-seed")]


@functools.cache
def lives(level):
    """Fitness by policy, and the name of the best that sees nothing."""
    of = judge(EvolutionConfig(env=LEVELS[level].config))
    asked = {"eval_seed": EVAL_SEED, "episodes": EPISODES}
    blind = {name: found["fitness"] for name, found in of.blind(**asked).items()}
    seeing = {n: of.baseline(n, **asked)["fitness"] for n in ("greedy", "competent")}
    return blind | seeing, max(blind, key=lambda name: np.mean(blind[name]))


@pytest.mark.parametrize("level", mostly_slow(OWN, "chemotaxis-l0.2"))
def test_a_competent_script_beats_blind_walking_and_following_the_nose(level):
    fitness, best = lives(level)
    others = {best, "sweep", "greedy"}
    for other in others:
        gap = difference(fitness["competent"], fitness[other])
        assert gap["low"] > 0, f"competent - {other}: {gap}"


@pytest.mark.parametrize("level", mostly_slow(SEEDS, "chemotaxis-l0.2-seed"))
def test_in_the_levels_of_the_seed_blind_walking_beats_following_the_nose(level):
    fitness, best = lives(level)
    assert difference(fitness[best], fitness["greedy"])["low"] > 0
