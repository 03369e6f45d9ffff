"""Leaky integrate-and-fire, by hand. Two neurons, each hears the other; leak 1/2."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from koki2.agents import random_topology, spiking, SpikingConfig, SpikingParams

HALF = 1 / math.log(2)  # the time constant at which exp(-1 / tau) is a half
RING = random_topology(0, n_neurons=2, k_edges=1)
NO_KEY = None  # the agent draws nothing


def agent(**knobs):
    config = SpikingConfig(**dict(n_neurons=2, k_edges=1, tau_m=HALF) | knobs)
    return spiking(config, RING)


def weights(obs_w=((1.0,), (0.0,)), rec_w=(0.0, 0.0), motor_w=None, motor_b=None):
    return SpikingParams(
        obs_w=jnp.array(obs_w),
        rec_w=jnp.array(rec_w),
        motor_w=jnp.zeros((2, 3)) if motor_w is None else jnp.array(motor_w),
        motor_b=jnp.zeros(3) if motor_b is None else jnp.array(motor_b),
        mod_w=jnp.zeros(2),
    )


def feel(params, observations, **knobs):
    """Potentials, spikes and actions, step by step."""
    it = agent(**knobs)
    state, seen = it.init(params), []
    for observation in observations:
        state, action = it.act(NO_KEY, params, state, jnp.array([observation]))
        seen.append((state.v.tolist(), state.spike.tolist(), int(action)))
    return [list(column) for column in zip(*seen, strict=True)]


def test_the_potential_leaks_by_half_and_gathers_what_is_observed():
    v, spikes, _ = feel(weights(), [0.5, 0.25, 0.0])
    np.testing.assert_allclose(v, [[0.5, 0], [0.5, 0], [0.25, 0]], rtol=1e-6)
    assert spikes == [[0, 0]] * 3


def test_a_spike_takes_the_threshold_away_and_leaves_the_rest():
    """0.75; then 0.375 + 0.75 = 1.125 fires and keeps 0.125."""
    v, spikes, _ = feel(weights(), [0.75, 0.75])
    np.testing.assert_allclose(v, [[0.75, 0], [0.125, 0]], rtol=1e-6)
    assert spikes == [[0, 0], [1, 0]]


@pytest.mark.parametrize("observed, fires", [(1.0, 0.0), (1.0 + 2.0**-23, 1.0)])
def test_only_what_is_above_the_threshold_fires(observed, fires):
    _, spikes, _ = feel(weights(), [observed])
    assert spikes == [[fires, 0.0]]


def test_a_spike_is_heard_one_step_later():
    """Neuron 0 fires at step 0; its synapse brings 0.75 to neuron 1 at step 1."""
    v, spikes, _ = feel(weights(rec_w=(0.75, 0.0)), [1.5, 0.0, 0.0])
    np.testing.assert_allclose(v, [[0.5, 0], [0.25, 0.75], [0.125, 0.375]], rtol=1e-6)
    assert spikes == [[1, 0], [0, 0], [0, 0]]


@pytest.mark.parametrize(
    "bias, drive, action",
    [
        ([0.0, 0.0, 0.0], 0.0, 0),  # silence, all alike: the first
        ([0.0, 0.5, 0.0], 0.0, 1),  # silence: the bias decides
        ([0.0, 0.5, 0.0], 2.0, 2),  # the spike's vote of 1 beats it
        ([0.0, 1.0, 0.0], 2.0, 1),  # as much as: the first of them
    ],
)
def test_the_action_is_what_the_spikes_vote_for(bias, drive, action):
    params = weights(motor_w=[[0.0, 0.0, 1.0], [0.0] * 3], motor_b=bias)
    _, _, actions = feel(params, [drive])
    assert actions == [action]


def test_a_plastic_agent_hears_through_the_weights_it_has_learnt():
    it = agent(plast_enabled=True)
    params = weights(rec_w=(0.75, 0.0))
    state = it.init(params)
    assert state.rec_w.tolist() == [0.75, 0.0] and state.trace.tolist() == [0, 0]
    state, _ = it.act(NO_KEY, params, state, jnp.array([1.5]))
    state = state.replace(rec_w=jnp.array([0.25, 0.0]))
    state, _ = it.act(NO_KEY, params, state, jnp.array([0.0]))
    np.testing.assert_allclose(state.v, [0.25, 0.25], rtol=1e-6)
    assert state.before.tolist() == [1, 0]


def test_what_plasticity_needs_is_left_out_without_it():
    state = jax.eval_shape(agent().init, weights())
    assert (state.before, state.rec_w, state.trace) == (None, None, None)
    assert agent().learn is None


def test_more_synapses_than_others_to_reach_is_refused():
    with pytest.raises(ValueError, match="k_edges must be below n_neurons"):
        SpikingConfig(n_neurons=8, k_edges=8)
