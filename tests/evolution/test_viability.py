"""The viability test: which genomes pass and why the others do not, by hand."""

import dataclasses
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import tiny
from bits import assert_same_bits

from koki2.agents import AgentConfig, make, random_topology
from koki2.agents.params import AgentParams
from koki2.envs import chemotaxis, ChemotaxisConfig
from koki2.evolution import build, episode, EpisodeStats, Layout, run_episode
from koki2.evolution.configs import ViabilityConfig
from koki2.evolution.viability import REASONS, viability

TEST = ViabilityConfig(
    mvt=True,
    mvt_steps=8,
    mvt_min_alive_steps=6,
    mvt_min_action_entropy=0.5,
    mvt_min_energy_gained=0.25,
)
DULL, LIVELY = [8, 0], [4, 4]  # entropies 0 and log 2 = 0.69
NAN, INF = float("nan"), float("inf")

# The figures of each of two short episodes: steps, actions, energy.
GOOD, DEAD = (6, LIVELY, 0.25), (5, DULL, 0.0)
SHORT, BORED, HUNGRY = (5, LIVELY, 0.25), (8, DULL, 0.25), (8, LIVELY, 0.125)


def summed(steps, actions, energy):
    """The stats of an episode with these figures."""
    return EpisodeStats(
        alive=jnp.array(True),
        t_alive=steps,
        energy_gained=energy,
        integrity_lost=jnp.float32(0),
        integrity_min=jnp.float32(1),
        bad_arrivals=jnp.int32(0),
        success=jnp.array(False),
        actions=actions,
        events=jnp.int32(0),
        learning=None,
    )


def outcome(monkeypatch, *genomes):
    """The outcome for genomes of whose episodes we give the figures."""
    lives = [list(zip(*genome, strict=True)) for genome in genomes]
    steps, actions, energy = (jnp.array(x) for x in zip(*lives, strict=True))
    stats = jax.vmap(jax.vmap(summed))(steps, actions, energy)
    module = sys.modules["koki2.evolution.viability"]  # that name is also a function
    monkeypatch.setattr(module, "rollout", lambda *_, **__: stats)
    life, keys = episode(chemotaxis(), AGENT), jax.random.split(jax.random.key(0))
    return viability(TEST, life, keys, None, Layout())


AGENT = make(AgentConfig(n_neurons=2, k_edges=1), random_topology(0, 2, 1), steps=8)


def test_one_short_life_that_reaches_everything_is_enough(monkeypatch):
    seen = outcome(monkeypatch, [GOOD, DEAD], [DEAD, GOOD], [DEAD, DEAD], [GOOD, GOOD])
    assert seen.passed.tolist() == [True, True, False, True]


@pytest.mark.parametrize(
    "lives, reasons",
    [
        ([GOOD, DEAD], []),
        ([SHORT, SHORT], ["alive_steps"]),
        ([BORED, BORED], ["action_entropy"]),
        ([HUNGRY, HUNGRY], ["energy_gained"]),
        ([HUNGRY, DEAD], ["energy_gained"]),  # alive once, lively once, never fed
        ([SHORT, BORED], ["together"]),  # each reached, but never all in one life
        ([SHORT, HUNGRY], ["together"]),
        ([DEAD, DEAD], ["alive_steps", "action_entropy", "energy_gained"]),
        ([(8, LIVELY, INF)] * 2, ["not_finite"]),
        ([(8, LIVELY, NAN)] * 2, ["energy_gained", "not_finite"]),
        ([(8, LIVELY, INF), DEAD], ["together"]),
    ],
)
def test_the_reasons_of_a_failure_are_the_thresholds_no_life_reached(
    monkeypatch, lives, reasons
):
    seen = outcome(monkeypatch, lives)
    assert set(seen.failed) == set(REASONS)
    assert [name for name in REASONS if seen.failed[name]] == reasons
    assert seen.passed.tolist() == [not reasons]


def test_failures_are_counted_over_the_population(monkeypatch):
    seen = outcome(
        monkeypatch, [DEAD, DEAD], [SHORT, SHORT], [GOOD, GOOD], [SHORT, BORED]
    )
    counts = {name: count.item() for name, count in seen.failed.items()}
    assert counts == {"alive_steps": 2, "action_entropy": 1, "energy_gained": 1} | {
        "not_finite": 0,
        "together": 1,
    }
    assert int(seen.steps) == 2 * 5 + 2 * 5 + 2 * 6 + 5 + 8


def runner(action):
    """An agent that senses nothing, and always does the same."""
    return AgentParams(
        obs_w=jnp.zeros((2, 4)),
        rec_w=jnp.zeros(2),
        motor_w=jnp.zeros((2, 5)),
        motor_b=jnp.zeros(5).at[action].set(1.0),
        mod_w=jnp.zeros(2),
    )


def test_a_short_life_is_the_beginning_of_a_full_one_and_its_steps_are_counted(key):
    """On a line of nine, from the middle, half a point of integrity a harm.

    Genome 0 stays; genome 1 goes right to the wall.
    """
    env = ChemotaxisConfig(width=9, num_sources=6, num_bad_sources=6, steps=64)
    env = dataclasses.replace(env, bad_source_integrity_loss=0.5)
    life = episode(chemotaxis(env), AGENT)
    stays, right = runner(0), runner(4)
    params = jax.tree.map(lambda *both: jnp.stack(both), stays, right)
    keys = jax.random.split(key, 3)
    config = ViabilityConfig(mvt=True, mvt_steps=8, mvt_min_alive_steps=8)
    test = jax.jit(lambda keys: viability(config, life, keys, params, Layout()))
    seen = test(keys)

    begun = lambda key: run_episode(key, life, right, steps=8).stats.t_alive
    lived = jax.jit(jax.vmap(begun))(jax.random.clone(keys))
    assert min(lived.tolist()) < 8  # some of the lives end on harm
    assert int(seen.steps) == 3 * 8 + sum(lived.tolist())
    survives = max(lived.tolist()) == 8
    assert seen.passed.tolist() == [True, survives]
    assert seen.failed["alive_steps"].item() == (not survives)


# --- a search -------------------------------------------------------------------------

HARMLESS = tiny.WORLD | dict(num_bad_sources=0)  # all live to the end
P, T = 8, tiny.WORLD["steps"]


def searched(**knobs):
    """A search whose genomes are tried for 4 steps, however long they live."""
    tried = dict(mvt=True, mvt_steps=4, mvt_min_alive_steps=0)
    program = build(tiny.config(HARMLESS, **tried, **knobs), 3)
    return program, *tiny.run(program, 3)[:2]


def test_a_generation_that_fails_viability_is_not_lived_and_teaches_nothing():
    """Only the short lives are: 3 of 4 steps for each of 8 genomes."""
    search, carries, rows = searched(
        mvt_episodes=3, mvt_min_energy_gained=1e9, pop_size=P
    )
    assert_same_bits(
        search.artifacts(search.unpack(carries[-1]))["mean_genome"],
        search.artifacts(search.init())["mean_genome"],
    )
    assert rows["env_steps"] == [g * P * 3 * 4 for g in range(1, 7)]
    assert rows["evaluated"] == rows["mvt_pass_rate"] == [0] * 6
    assert rows["mvt_failed_energy_gained"] == [P] * 6
    assert rows["generation_best"] == rows["best_fitness"] == [-1e9] * 6
    assert rows["mean_fitness"] == [None] * 6


@pytest.mark.slow
def test_what_passes_viability_is_lived_in_full():
    _, _, rows = searched(
        mvt_episodes=1,
        mvt_min_action_entropy=0.5,
        generations=2,
        pop_size=32,
        episodes=64,  # a chunk is one block of 8 genomes
    )
    passed = np.array(rows["evaluated"][:2])
    assert np.all(0 < passed) and np.all(passed <= 24), "no chunk could be skipped"
    lived = np.diff(rows["env_steps"][:2], prepend=0) - 32 * 4
    chunks = -(-passed // 8)  # the viable come first
    assert lived.tolist() == (chunks * 8 * 64 * T).tolist()
