"""The rate agent: two connected neurons, by hand.

A time constant of 1 / ln 2 keeps half of a potential every step.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np

from koki2.agents import AgentConfig, AgentParams, make, random_topology

PAIR = random_topology(0, n_neurons=2, k_edges=1)  # synapse 0 is 0 -> 1, 1 is 1 -> 0
HALVES = AgentConfig(n_neurons=2, k_edges=1, neuron="rate", tau_m=1 / math.log(2))


def test_a_rate_neuron_leaks_towards_its_synaptic_input_of_the_last_step():
    """v0: 1/2, 1/4; then the input of 1 is -2 tanh(1/2), of which it takes half."""
    agent = make(HALVES, PAIR, steps=8)
    params = AgentParams(
        obs_w=jnp.array([[1.0], [0.0]]),
        rec_w=jnp.array([-2.0, 0.0]),
        motor_w=jnp.array([[0.0, 1.0], [-1.0, 0.0]]),
        motor_b=jnp.array([0.0, 0.0]),
    )
    state, rates, actions = agent.init(params), [], []
    for x in (1.0, 0.0):
        key, seen = jax.random.key(0), jnp.array([x])
        state, action = agent.act(key, params, state, seen)
        rates.append(state.spike)
        actions.append(action.item())
    half = -math.tanh(0.5)
    expected = [[math.tanh(0.5), 0.0], [math.tanh(0.25), math.tanh(half)]]
    np.testing.assert_allclose(rates, expected, rtol=1e-6)
    np.testing.assert_allclose(state.v, [0.25, half], rtol=1e-6)
    assert actions == [1, 0]  # 0.46 for 1; then 0.43 for 0 against 0.24 for 1
