"""Three factors, by hand: trace, third factor, weight.

Two neurons, synapse 0 from neuron 0 to neuron 1 and synapse 1 back.
"""

import math

import jax.numpy as jnp
import numpy as np
import pytest

from koki2.agents import Consequence, random_topology, SpikingConfig
from koki2.agents.plasticity import modulator, three_factor

RING = random_topology(0, n_neurons=2, k_edges=1)


def learn(weights, trace, before, now, third, eta=0.5, keep=0.9):
    arrays = (jnp.array(x, jnp.float32) for x in (weights, trace, before, now, third))
    return three_factor(*arrays, RING, eta=eta, keep=keep)


def test_a_synapse_is_eligible_when_its_target_fires_after_its_source():
    """0.9 * 0.5 + 1 = 1.45 where it did, 0.9 * 0.5 where it did not."""
    _, trace, _ = learn([0, 0], [0.5, 0.5], [1, 0], [0, 1], 0.0)
    np.testing.assert_allclose(trace, [1.45, 0.45], rtol=1e-6)


def test_credit_falls_on_this_very_step():
    """The pairing of this step is in the trace that this step's factor reads."""
    weights, _, _ = learn([0, 0], [0, 0], [1, 1], [1, 1], 0.5)
    np.testing.assert_allclose(weights, [0.25, 0.25], rtol=1e-6)  # 0.5 * 0.5 * 1


def test_the_change_that_is_reported_is_the_mean_size_of_what_was_asked_for():
    """Half of (0.5 * 1.45 + 0.5 * 0.45), with its sign taken off."""
    weights, _, size = learn([0, 0], [0.5, 0.5], [1, 0], [0, 1], -1.0)
    np.testing.assert_allclose(weights, [-0.725, -0.225], rtol=1e-6)
    np.testing.assert_allclose(size, 0.475, rtol=1e-6)


@pytest.mark.parametrize("third, weight", [(1.0, 3.0), (-1.0, -3.0)])
def test_weights_that_move_stay_within_three(third, weight):
    weights, _, _ = learn([2.9 * third, 0], [9, 9], [0, 0], [0, 0], third)
    assert float(weights[0]) == weight


def test_without_an_event_no_weight_moves_but_the_trace_fades():
    """Not even one that is out of bounds."""
    weights, trace, size = learn([3.5, 0.1], [1, 2], [0, 0], [0, 0], 0.0)
    np.testing.assert_array_equal(weights, np.float32([3.5, 0.1]))
    np.testing.assert_allclose(trace, [0.9, 1.8], rtol=1e-6)
    assert float(size) == 0.0


@pytest.mark.parametrize(
    "kind, inside",
    [
        ("spike", 0.5 * 1 + 0.25 * 0),  # its own spikes, weighed
        ("drive", 2.0 * 0.125),  # scale times the fall of the drive
        ("event", 2.0 * (0.05 - 0.25)),  # scale times gain minus loss
    ],
)
def test_the_third_factor_by_hand(kind, inside):
    config = SpikingConfig(modulator_kind=kind, mod_drive_scale=2.0)
    felt = Consequence(
        energy_gained=jnp.float32(0.05),
        integrity_lost=jnp.float32(0.25),
        drive_fall=jnp.float32(0.125),
    )
    spike = jnp.array([1.0, 0.0])
    third = modulator(config, jnp.array([0.5, 0.25]), spike, felt)
    np.testing.assert_allclose(third, math.tanh(inside), rtol=1e-6)


@pytest.mark.parametrize("kind", ["drive", "event"])
def test_nothing_felt_is_exactly_no_event(kind):
    nothing = dict.fromkeys(
        ("energy_gained", "integrity_lost", "drive_fall"), jnp.float32(0.0)
    )
    config = SpikingConfig(modulator_kind=kind)
    third = modulator(config, jnp.ones(2), jnp.ones(2), Consequence(**nothing))
    assert float(third) == 0.0
