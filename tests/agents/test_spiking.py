"""The spiking agent: two connected neurons, by hand.

A time constant of 1 / ln 2 halves the potential every step.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from koki2.agents import (
    AgentConfig,
    AgentParams,
    make,
    random_topology,
    StepFeedback,
)

PAIR = random_topology(0, n_neurons=2, k_edges=1)  # synapse 0 is 0 -> 1, 1 is 1 -> 0


def config(**fields):
    small = {"n_neurons": 2, "k_edges": 1, "tau_m": 1 / math.log(2)}
    return AgentConfig(**small | fields)


def params(obs_w=(1.0, 0.0), rec_w=(0.0, 0.0), motor_w=None, motor_b=(0.0, 0.0)):
    return AgentParams(
        obs_w=jnp.array(obs_w, jnp.float32)[:, None],
        rec_w=jnp.array(rec_w, jnp.float32),
        motor_w=jnp.array(motor_w or [[0.0, 0.0]] * 2, jnp.float32),
        motor_b=jnp.array(motor_b, jnp.float32),
        mod_w=jnp.zeros(2),
    )


def run(config, params, *inputs):
    """Potentials, spikes and actions step by step, as one observes the inputs."""
    agent = make(config, PAIR, steps=8)
    state, rows = agent.init(params), []
    for x in inputs:
        now = jnp.array([x], jnp.float32)
        state, action = agent.act(jax.random.key(0), params, state, now)
        rows.append((state.v.tolist(), state.spike.tolist(), action.item()))
    v, spike, action = zip(*rows, strict=True)
    return np.array(v), np.array(spike), list(action)


def test_a_potential_leaks_by_exp_of_minus_one_over_tau():
    v, _, _ = run(config(), params(), 0.5, 0.0, 0.0)
    np.testing.assert_allclose(v[:, 0], [0.5, 0.25, 0.125], rtol=1e-6)
    v, _, _ = run(config(tau_m=10.0), params(), 0.5, 0.0)
    np.testing.assert_allclose(v[1, 0], 0.5 * math.exp(-0.1), rtol=1e-6)


def test_a_neuron_fires_above_the_threshold_and_not_at_it():
    just_above = float(np.nextafter(np.float32(1), np.float32(2)))
    assert run(config(), params(), 1.0)[1].tolist() == [[0.0, 0.0]]
    assert run(config(), params(), just_above)[1].tolist() == [[1.0, 0.0]]


def test_a_spike_takes_the_threshold_and_leaves_the_rest():
    """3.5 - 1 = 2.5; halved 1.25, fires, 0.25 is left; halved, silent."""
    v, spike, _ = run(config(), params(), 3.5, 0.0, 0.0)
    np.testing.assert_allclose(v[:, 0], [2.5, 0.25, 0.125], rtol=1e-6)
    assert spike[:, 0].tolist() == [1.0, 1.0, 0.0]


def test_an_adaptive_threshold_rises_with_each_spike_and_forgets():
    """Thresholds 1, 1 + 1/2 * 1, 1 + 1/2 * 1/2: potentials 1.25, 1.375, 1.5."""
    adapts = config(neuron="alif", adapt_beta=0.5, adapt_tau=1 / math.log(2))
    v, spike, _ = run(adapts, params(), 1.25, 1.25, 0.8125)
    np.testing.assert_allclose(v[:, 0], [0.25, 1.375, 0.5], rtol=1e-6)
    assert spike[:, 0].tolist() == [1.0, 0.0, 1.0]
    assert run(config(), params(), 1.25, 1.25)[1][:, 0].tolist() == [1.0, 1.0]


def test_a_spike_arrives_one_step_later_along_the_synapse():
    """0 fires once; 1 gets 0.75 next, but 0 gets nothing of it (weight 9, no spike)."""
    v, spike, _ = run(config(), params(rec_w=(0.75, 9.0)), 1.5, 0.0)
    np.testing.assert_allclose(v, [[0.5, 0.0], [0.25, 0.75]], rtol=1e-6)
    assert spike.tolist() == [[1.0, 0.0], [0.0, 0.0]]


@pytest.mark.parametrize(
    "motor_b, x, action",
    [
        ([0.0, 0.0, 0.0], 0.0, 0),  # all alike: the first
        ([0.0, 0.5, 0.5], 0.0, 1),  # of two the first
        ([0.0, 0.5, 0.5], 2.0, 2),  # neuron 0 speaks for action 2
        ([0.5, 0.0, 0.25], 2.0, 0),  # 1/2 and 1/4 + 1/4: the first
    ],
)
def test_the_action_is_the_loudest_and_of_several_the_first(motor_b, x, action):
    speaks = params(motor_w=[[0.0, 0.0, 0.25], [0.0] * 3], motor_b=motor_b)
    assert run(config(), speaks, x)[2] == [action]


def test_without_plasticity_nothing_is_kept_for_it():
    agent = make(config(), PAIR, steps=8)
    state = agent.init(params())
    assert agent.learn is None
    assert (state.before, state.rec_w, state.trace) == (None, None, None)


def test_credit_falls_on_the_step_that_earned_it_and_counts_on_the_next():
    """0 fires, then 1 with a reward of 1: 0 -> 1 gains eta tanh(1) there and then."""
    learns = config(plast_enabled=True, plast_eta=0.5, modulator_kind="event")
    agent, genes = make(learns, PAIR, steps=8), params(rec_w=(1.25, 0.25))
    state = agent.init(genes)
    for x, reward, weights in [
        (1.5, 0.0, [1.25, 0.25]),
        (0.0, 1.0, [1.25 + 0.5 * math.tanh(1), 0.25]),
    ]:
        now = jnp.array([x], jnp.float32)
        state, _ = agent.act(jax.random.key(0), genes, state, now)
        feedback = StepFeedback(
            energy_gained=jnp.float32(reward),
            integrity_lost=jnp.float32(0),
            drive_fall=jnp.float32(0),
        )
        state, learning = agent.learn(genes, state, feedback)
        np.testing.assert_allclose(state.rec_w, weights, rtol=1e-6)
    assert state.trace.tolist() == [1.0, 0.0]
    np.testing.assert_allclose(learning.abs_dw, 0.25 * math.tanh(1), rtol=1e-6)
    np.testing.assert_allclose(learning.abs_modulator, math.tanh(1), rtol=1e-6)

    louder = state.replace(spike=jnp.array([1.0, 0.0]), v=jnp.zeros(2))
    after, _ = agent.act(jax.random.key(0), genes, louder, jnp.zeros(1))
    # the weight of now counts, not the one at birth; it fires, and 1 is taken off
    np.testing.assert_allclose(after.v[1], 0.25 + 0.5 * math.tanh(1), rtol=1e-6)
