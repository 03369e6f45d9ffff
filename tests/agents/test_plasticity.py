"""Three-factor plasticity: trace, third factor and bound, by hand."""

import math

import jax.numpy as jnp
import numpy as np
import pytest

from koki2.agents import AgentConfig, Consequence, random_topology
from koki2.agents.plasticity import modulator, three_factor

PAIR = random_topology(0, n_neurons=2, k_edges=1)  # synapse 0 is 0 -> 1, 1 is 1 -> 0


def learn(weights, trace, third, *, eta=0.5, keep=0.5):
    """Neuron 0 fired before, neuron 1 fires now: only 0 -> 1 was active together."""
    before, now = jnp.array([1.0, 0.0]), jnp.array([0.0, 1.0])
    weights, trace, abs_dw = three_factor(
        jnp.array(weights, jnp.float32),
        jnp.array(trace, jnp.float32),
        before,
        now,
        jnp.float32(third),
        PAIR,
        eta=eta,
        keep=keep,
    )
    return weights.tolist(), trace.tolist(), abs_dw.item()


def test_one_step_by_hand():
    """Traces 1/2 * 1/2 + 1 and 1/2 * 1/2, times eta m = -1/8; mean size 3/32."""
    weights, trace, abs_dw = learn([0.0, 1.0], [0.5, 0.5], -0.25)
    assert trace == [1.25, 0.25]
    assert weights == [-0.15625, 0.96875]
    assert abs_dw == 0.09375


def test_a_weight_that_moves_is_held_within_three():
    weights, _, abs_dw = learn([2.75, 3.0], [0.0, 2.0], 1.0)
    assert weights == [3.0, 3.0]
    assert abs_dw == 0.5  # as if there were no bound
    assert learn([-2.75, 7.0], [0.0, 0.0], -1.0)[0] == [-3.0, 3.0]


@pytest.mark.parametrize("third", [0.0, -0.0])
def test_without_a_third_factor_weights_stay_even_beyond_three(third):
    weights, trace, abs_dw = learn([5.0, -7.0], [0.5, 0.5], third)
    assert weights == [5.0, -7.0]
    assert trace == [1.25, 0.25]
    assert abs_dw == 0.0


def test_without_a_learning_rate_weights_stay_while_the_trace_evolves():
    odd = np.array([0.1, -2.9], np.float32).tolist()
    weights, trace, abs_dw = learn(odd, [0.5, 0.5], 0.7, eta=0.0)
    assert (weights, trace, abs_dw) == (odd, [1.25, 0.25], 0.0)


@pytest.mark.parametrize(
    "kind, inside",
    [
        ("spike", 0.5 - 0.25),  # of the neurons 0 and 2, which fire
        ("drive", 2 * 0.3),
        ("event", 2 * (0.5 - 0.25)),
    ],
)
def test_each_third_factor_by_hand(kind, inside):
    config = AgentConfig(
        n_neurons=3, k_edges=1, modulator_kind=kind, mod_drive_scale=2.0
    )
    felt = Consequence(
        energy_gained=jnp.float32(0.5),
        integrity_lost=jnp.float32(0.25),
        drive_fall=jnp.float32(0.3),
    )
    mod_w, spike = jnp.array([0.5, 9.0, -0.25]), jnp.array([1.0, 0.0, 1.0])
    third = modulator(config, mod_w, spike, felt)
    np.testing.assert_allclose(third, math.tanh(inside), rtol=1e-6)


@pytest.mark.parametrize("kind", ["drive", "event"])
def test_nothing_felt_is_exactly_no_event(kind):
    zero = jnp.float32(0.0)
    nothing = Consequence(energy_gained=zero, integrity_lost=zero, drive_fall=zero)
    config = AgentConfig(modulator_kind=kind)
    assert modulator(config, jnp.ones(2), jnp.ones(2), nothing).item() == 0.0
