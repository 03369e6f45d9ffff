"""Senses in other forms: numbers on paper, state in the body, what is off not built."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import tiny

from koki2 import agents, envs
from koki2.agents import SensesConfig
from koki2.contracts.agent import CHECKS, live, Newborn, newborn
from koki2.core.configs import plain
from koki2.core.keys import episode_keys
from koki2.envs.senses import fill_of, gradient_to, Sense
from koki2.evolution import EvolutionConfig, make_task, QDConfig, rollout, run_episode
from koki2.evolution.senses import encoding, inner_state, presentation
from koki2.runlog import jsontext
from koki2.session.settings import Layers, resolve

SENSES = (
    gradient_to("red", (15.0, 9.0)),
    *fill_of("energy"),
    Sense("walls", 2),
    gradient_to("blue", (15.0, 9.0)),
)
SEEN = [0.2, 4 / 9, 0.75, 1.0, 0.0, 0.0, 0.0]  # red 3 east, 4 south; blue is nowhere
LOG6 = float(np.log(6.0))


@pytest.mark.parametrize(
    "form, expected",
    [
        (dict(gradients="cells"), [3.0, 4.0, 0.75, 1.0, 0.0, 0.0, 0.0]),
        (
            dict(gradients="unit"),
            [0.6, 0.8, LOG6, 0.75, 1.0, 0.0, 0.0, 0.0, 0.0],
        ),
        (dict(needs="deficit"), [0.2, 4 / 9, 0.25, 1.0, 0.0, 0.0, 0.0]),
    ],
)
def test_senses_are_turned_into_numbers_on_paper(form, expected):
    turn = presentation(SensesConfig(**form), SENSES)
    np.testing.assert_allclose(turn(jnp.array(SEEN)), expected, rtol=1e-6)


def test_a_source_next_door_is_one_cell_away_in_the_widest_world():
    env = envs.chemotaxis(envs.ChemotaxisConfig(width=64))
    turn = presentation(SensesConfig(gradients="cells"), env.senses)
    seen = turn(jnp.array([1 / 63, 0.0, 1.0, 1.0]))
    np.testing.assert_allclose(seen, [1.0, 0.0, 1.0, 1.0], rtol=1e-6)


def test_a_gradient_without_a_span_has_no_cells():
    with pytest.raises(ValueError, match="the sense way must have a span"):
        presentation(SensesConfig(gradients="cells"), (Sense("way", 2, "gradient"),))


def test_senses_must_be_those_of_the_observation():
    env = envs.chemotaxis()._replace(senses=SENSES)
    with pytest.raises(ValueError, match="4 channels in all, .* got 7"):
        encoding(SensesConfig(), env)


def test_a_channel_is_scaled_by_this_episode_up_to_now():
    """By NumPy: of x0 to xt, (xt - mean) / standard deviation; constant ones read 0."""
    agent = diarist(scaling="running")
    seen = np.random.default_rng(0).normal(3.0, 2.0, (6, 4)).astype(np.float32)
    seen[:, 3] = 1.0
    state = agent.init(None)
    for t, observation in enumerate(seen):
        state, _ = agent.act(jax.random.key(0), None, state, jnp.asarray(observation))
        so_far = seen[: t + 1].astype(np.float64)
        spread = np.sqrt(so_far.var(axis=0) + 1e-8)
        expected = (observation - so_far.mean(axis=0)) / spread
        np.testing.assert_allclose(state.agent, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(inner_state(agent.init(None)), np.zeros(4))


def diarist(**form):
    """An agent whose state is what it was given last."""
    inner = agents.Agent(
        init=lambda params: jnp.zeros(4),
        act=lambda key, params, state, seen: (seen, jnp.int32(0)),
        learn=None,
    )
    return encoding(SensesConfig(**form), envs.chemotaxis()).wrap(inner)


def test_unit_vectors_need_a_gene_more_per_neuron_and_gradient():
    agent = agents.AgentConfig(**tiny.AGENT)
    for env, gradients in ((envs.chemotaxis(), 1), (envs.two_needs(), 2)):
        sizes = [
            make_task(env, agent, senses=SensesConfig(gradients=how)).genome.size
            for how in ("world", "cells", "unit")
        ]
        assert sizes[1] == sizes[0] and sizes[2] == sizes[0] + 8 * gradients


def lowered(**knobs):
    """The program of lives, as it is handed to XLA."""
    parts, params = population(**knobs)
    run = jax.jit(functools.partial(rollout, parts.episode, engine="vmap"))
    return run.lower(episode_keys(0, 2), params).as_text()


@functools.cache
def population(agent=agents.AgentConfig(**tiny.AGENT), **knobs):
    parts = make_task(
        envs.chemotaxis(envs.ChemotaxisConfig(**tiny.WORLD)), agent, **knobs
    )
    keys = jax.random.split(jax.random.key(1), 3)
    genes = jax.vmap(lambda key: 10 * parts.genome.init(key))(keys)
    develop = lambda genes: parts.genome.develop(jax.random.key(0), genes)
    return parts, jax.vmap(develop)(genes)


def test_what_is_off_is_not_built():
    assert lowered(senses=SensesConfig()) == lowered()
    assert lowered(senses=SensesConfig(needs="deficit")) != lowered()


@pytest.mark.slow
def test_lives_with_everything_on_are_the_same_in_lanes_and_alone():
    everything = SensesConfig(gradients="unit", needs="deficit", scaling="running")
    agent = dict(ticks=2, choice="softmax", tau_genes=True)
    agent = agents.AgentConfig(**tiny.PLASTIC | agent)
    parts, params = population(agent, senses=everything)
    together = rollout(parts.episode, episode_keys(0, 2), params, keep="state")
    last = jax.tree.map(lambda x: x[2], params)
    alone = run_episode(episode_keys(0, 2)[1], parts.episode, last)
    at = lambda x: x[2, 1]
    np.testing.assert_array_equal(at(together.stats.t_alive), alone.stats.t_alive)
    np.testing.assert_array_equal(together.stats.actions[2, 1], alone.stats.actions)
    np.testing.assert_allclose(at(together.body.mean), alone.body.mean, rtol=1e-5)


@pytest.mark.parametrize("check", CHECKS)
def test_an_agent_that_is_given_scaled_senses_keeps_the_contract(check):
    CHECKS[check](scaled())


@functools.cache
def scaled():
    config = agents.AgentConfig(**tiny.PLASTIC, **agents.STRAINS["soft"])
    case = newborn(config)
    sensed = encoding(
        SensesConfig(needs="deficit", scaling="running"), envs.chemotaxis()
    )
    return Newborn(sensed.wrap(case.agent), case.params, case.observations)


def test_what_learns_and_costs_does_so_under_other_senses_too():
    life = live(scaled())
    assert np.any(life.learning.abs_dw > 0) and np.all(life.costs > 0)


def test_flags_set_the_senses():
    found, problems = resolve(Layers(), {"senses": {"gradients": "unit"}})
    assert not problems and found.config.senses == SensesConfig(gradients="unit")
    _, (problem,) = resolve(Layers(), {"senses": {"needs": "hunger"}})
    assert "senses.needs must be one of store, deficit, got 'hunger'" in problem


def test_a_config_from_before_has_the_digest_it_had():
    """As jsontext.digest gave them at dea3807, before there was a group of senses."""
    assert jsontext.digest(plain(EvolutionConfig())) == (
        "b981ef1b85b2b123ddd9f5bc53fa091d4f1b7b32c7a21d0fcea81d8839d435d9"
    )
    assert jsontext.digest(plain(QDConfig())) == (
        "f9b345e4b8df058feb73e27f7d8bbed84c1d0b5d3cd976e64dd6154326fb91e8"
    )
    other = EvolutionConfig(senses=SensesConfig(scaling="running"))
    assert plain(other)["senses"] == {"scaling": "running"}
    assert dataclasses.asdict(other)["senses"]["gradients"] == "world"
