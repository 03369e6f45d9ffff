"""A watched episode is the one that was evaluated: its frames add up to its figures."""

import dataclasses

import jax
import numpy as np
import pytest
from lanes_of_tests import mostly_slow

from koki2.agents import AgentConfig
from koki2.envs.configs import ChemotaxisConfig, ObstaclesConfig
from koki2.evolution import (
    evaluate_baseline,
    evaluate_genome,
    EvolutionConfig,
    watch_baseline,
    watch_genome,
)
from koki2.genomes import direct

STEPS, NEURONS, SOURCES = 48, 12, 5
CONFIG = EvolutionConfig(
    env=ChemotaxisConfig(
        width=7,
        height=5,
        num_sources=SOURCES,
        num_bad_sources=2,
        bad_source_integrity_loss=0.5,
        deplete_sources=True,
        respawn_delay=2,
        bad_source_deplete_p=0.5,
        obs_noise=0.3,
        steps=STEPS,
    ),
    agent=AgentConfig(n_neurons=NEURONS, k_edges=3, plast_enabled=True, plast_eta=0.1),
)
MOVES = np.array([(0, 0), (0, -1), (0, 1), (-1, 0), (1, 0)])
EPISODES = 3


def genome():
    """Loud enough (a deviation of 1) to spike and to move."""
    encoding = direct(CONFIG.agent, observation_size=4, num_actions=5)
    genes = 10.0 * encoding.init(jax.random.key(1))
    return {name: np.asarray(block) for name, block in encoding.named(genes).items()}


def figures(seen):
    """The figures of a life from its frames alone, by the rules of the world."""
    env, weigh = CONFIG.env, CONFIG.fitness
    alive = seen["alive"][:-1]  # step t happens to who is alive before it
    here = np.all(seen["source"][:-1] == seen["position"][1:, None], axis=2)
    here &= seen["active"][:-1]
    came = here & np.any(seen["position"][1:] != seen["position"][:-1], axis=1)[:, None]
    bad = seen["worth"][:-1] < 0
    meals, harms = (np.sum((came & which)[alive]) for which in (~bad, bad))
    reached = np.any((here & ~bad)[alive])
    t_alive, energy = np.sum(alive), env.energy_gain * meals
    return {
        "t_alive": t_alive,
        "energy_gained": energy,
        "bad_arrivals": harms,
        "success": reached,
        "fitness": weigh.fitness_alpha * t_alive
        + weigh.fitness_beta * energy
        + weigh.success_bonus * reached,
        "abs_modulator_mean": np.sum(seen["modulator"][alive]) / t_alive,
    }


def assert_adds_up(seen, lived, episode):
    for name, value in figures(seen).items():
        np.testing.assert_allclose(
            value, lived[name][episode], rtol=1e-5, atol=1e-7, err_msg=name
        )


def test_the_frames_of_a_genomes_life_add_up_to_its_evaluation():
    lived = evaluate_genome(CONFIG, 3, genome(), eval_seed=11, episodes=EPISODES)
    assert lived["t_alive"][2] < STEPS and lived["energy_gained"][2] > 0
    for episode in (0, 2):
        seen = watch_genome(CONFIG, 3, genome(), eval_seed=11, episode=episode)
        assert_adds_up(seen, lived, episode)


@pytest.mark.parametrize("policy", mostly_slow(["greedy", "planner"], "greedy"))
def test_the_frames_of_a_baselines_life_add_up_to_its_evaluation(policy):
    lived = evaluate_baseline(CONFIG, policy, eval_seed=11, episodes=EPISODES)
    seen = watch_baseline(CONFIG, policy, eval_seed=11, episode=2)
    assert_adds_up(seen, lived, 2)
    assert "spike" not in seen
    assert ("observation" in seen) is (policy != "planner")


def test_frames_say_what_was_before_each_step_and_what_it_did():
    seen = watch_genome(CONFIG, 3, genome(), eval_seed=11, episode=0)
    shapes = {name: values.shape for name, values in seen.items()}
    assert shapes == {
        "position": (STEPS + 1, 2),
        "source": (STEPS + 1, SOURCES, 2),
        "worth": (STEPS + 1, SOURCES),
        "active": (STEPS + 1, SOURCES),
        "needs": (STEPS + 1, 2),
        "need_names": (2,),
        "observation": (STEPS + 1, 4),
        "action": (STEPS,),
        "alive": (STEPS + 1,),
        "modulator": (STEPS,),
        "spike": (STEPS, NEURONS),
        "width": (),
        "height": (),
    }
    assert seen["position"][0].tolist() == [3, 2]
    assert dict(zip(seen["need_names"].tolist(), seen["needs"][0], strict=True)) == {
        "energy": 1.0,
        "integrity": 1.0,
    }
    alive = seen["alive"][:-1]
    ahead = seen["position"][:-1] + MOVES[seen["action"]]
    ends = np.clip(ahead, 0, [6, 4])
    np.testing.assert_array_equal(ends[alive], seen["position"][1:][alive])


def test_walls_and_needs_are_those_of_the_world():
    world = dataclasses.replace(CONFIG, env=ObstaclesConfig(rooms=2, height=3, steps=4))
    seen = watch_baseline(world, "stay", eval_seed=0, episode=0)
    assert seen["need_names"].tolist() == ["energy"] and "danger" not in seen
    assert seen["wall"].shape == (5, 3, 7)
    assert np.sum(seen["wall"], axis=(1, 2)).tolist() == [2] * 5  # and one door
