"""Held-out evaluation: the same episodes for all, and the learning-rate probe."""

import dataclasses

import jax
import numpy as np
import pytest

from koki2.agents import AgentConfig
from koki2.envs import ChemotaxisConfig
from koki2.evolution import (
    evaluate_baseline,
    evaluate_genome,
    EvolutionConfig,
    judging,
)
from koki2.genomes import direct

FIXED = AgentConfig(n_neurons=6, k_edges=2)
CONFIG = EvolutionConfig(
    env=ChemotaxisConfig(width=9, num_sources=3, num_bad_sources=1, steps=24),
    agent=FIXED,
)
LEARNS = dataclasses.replace(
    CONFIG,
    agent=dataclasses.replace(
        FIXED, plast_enabled=True, plast_eta=0.5, modulator_kind="spike"
    ),
)


def genome():
    """Loud enough (a deviation of 1) to spike and to move."""
    encoding = direct(FIXED, observation_size=4, num_actions=5)
    genes = 10.0 * encoding.init(jax.random.key(2))
    return {name: np.asarray(block) for name, block in encoding.named(genes).items()}


def lives(config, *, eval_seed=3, episodes=16, **options):
    return evaluate_genome(
        config, 0, genome(), eval_seed=eval_seed, episodes=episodes, **options
    )


def assert_same(ours, theirs):
    assert ours.keys() == theirs.keys()
    for name in ours:
        np.testing.assert_array_equal(ours[name], theirs[name], err_msg=name)


def test_judges_of_one_shape_compile_once_and_judge_as_each_alone(monkeypatch):
    traced, make = [], judging.genome_lives
    spy = lambda adult, *args, **more: make(
        lambda data: traced.append(data) or adult(data), *args, **more
    )
    monkeypatch.setattr(judging, "genome_lives", spy)
    rich = dataclasses.replace(CONFIG.env, energy_gain=0.2, energy_init=0.7)
    other = dataclasses.replace(CONFIG, env=rich)
    which = dict(eval_seed=3, episodes=16)
    ours, theirs = judging.judges([CONFIG, other])
    found = [judge.genome(0, genome(), **which) for judge in (ours, theirs)]
    assert len(traced) == 1
    assert not np.array_equal(found[0]["energy_gained"], found[1]["energy_gained"])
    for config, figures in zip((CONFIG, other), found, strict=True):
        assert_same(figures, lives(config))
    stays = [judge.baseline("stay", **which)["t_alive"] for judge in (ours, theirs)]
    assert_same(
        {"t_alive": stays[1]},
        {"t_alive": evaluate_baseline(other, "stay", **which)["t_alive"]},
    )


# Lives


def test_life_i_is_the_same_however_many_are_asked_for():
    many, few = lives(CONFIG, episodes=16), lives(CONFIG, episodes=5)
    assert np.ptp(many["fitness"]) > 0
    assert_same(few, {name: values[:5] for name, values in many.items()})


def test_another_eval_seed_is_other_lives():
    one, other = lives(CONFIG), lives(CONFIG, eval_seed=4)
    assert not np.array_equal(one["fitness"], other["fitness"])


def test_a_learning_rate_means_nothing_to_an_agent_that_does_not_learn():
    other = dataclasses.replace(FIXED, plast_eta=0.5)
    assert_same(lives(CONFIG, agent=other), lives(CONFIG))


@pytest.mark.slow
def test_a_learning_rate_of_nought_makes_a_plastic_agent_live_as_a_fixed_one():
    """Every figure but the modulator's own, which is still felt."""
    still = dataclasses.replace(LEARNS.agent, plast_eta=0.0)
    probe, fixed, learns = lives(LEARNS, agent=still), lives(CONFIG), lives(LEARNS)
    assert not np.array_equal(learns["fitness"], fixed["fitness"])
    assert np.all(learns["abs_dw_mean"] > 0) and np.all(probe["abs_dw_mean"] == 0)
    assert np.all(probe["abs_modulator_mean"] > 0)
    probe["abs_modulator_mean"] = fixed["abs_modulator_mean"]
    assert_same(probe, fixed)


def test_a_genome_that_never_moves_lives_the_lives_of_stay():
    """A genome of zeros never fires, and silence is action 0: the pairing is exact."""
    zeros = {name: np.zeros_like(block) for name, block in genome().items()}
    ours = evaluate_genome(CONFIG, 0, zeros, eval_seed=3, episodes=16)
    theirs = evaluate_baseline(CONFIG, "stay", eval_seed=3, episodes=16)
    assert np.ptp(ours["fitness"]) > 0, "the lives are all alike"
    assert_same(ours, theirs)


def test_an_unknown_policy_is_refused_by_name():
    with pytest.raises(ValueError, match="policy must be one of greedy.*got 'clever'"):
        evaluate_baseline(CONFIG, "clever", eval_seed=0, episodes=1)
