"""The modulator of each kind, by hand."""

import math

import jax.numpy as jnp
import numpy as np
import pytest

from koki2.agents import AgentConfig, AgentParams, StepFeedback
from koki2.agents.modulators import compute_modulator

PARAMS = AgentParams(
    obs_w=jnp.zeros((3, 1)),
    motor_w=jnp.zeros((3, 1)),
    motor_b=jnp.zeros(1),
    mod_w=jnp.array([0.5, 9.0, -0.25]),
    mod_vec=jnp.array([[1.0, 0.0, 0.0], [0.5, -1.0, 0.0], [0.0, 0.0, -2.0]]),
)
FIRED = jnp.array([1.0, 0.0, 1.0])


def modulator(kind, gained, lost, fall, scale=2.0):
    config = AgentConfig(modulator_kind=kind, mod_drive_scale=scale)
    feedback = StepFeedback(
        energy_gained=jnp.float32(gained),
        integrity_lost=jnp.float32(lost),
        drive_fall=jnp.float32(fall),
    )
    return compute_modulator(config, PARAMS, FIRED, feedback)


@pytest.mark.parametrize(
    "kind, inside",
    [
        ("spike", 0.5 - 0.25),  # of the neurons 0 and 2, which fire
        ("drive", 2 * 0.3),
        ("event", 2 * (0.5 - 0.25)),
    ],
)
def test_each_modulator_by_hand(kind, inside):
    np.testing.assert_allclose(
        modulator(kind, 0.5, 0.25, 0.3), math.tanh(inside), rtol=1e-6
    )


def test_of_the_vector_every_neuron_mixes_the_feedback_its_own_way():
    """Twice 1/2; twice 1/4 - 1/4; twice -2 * 1/8."""
    expected = [math.tanh(1.0), 0.0, math.tanh(-0.5)]
    np.testing.assert_allclose(
        modulator("vector", 0.5, 0.25, 0.125), expected, rtol=1e-6
    )


@pytest.mark.parametrize("kind", ["drive", "event", "vector"])
def test_without_feedback_the_modulator_is_exactly_zero(kind):
    assert np.all(np.asarray(modulator(kind, 0.0, 0.0, 0.0)) == 0.0)
