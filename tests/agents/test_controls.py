"""Negative controls: what each takes away, and what it leaves as it was."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from koki2.agents import AgentConfig, parameter_shapes, random_topology
from koki2.agents.controls import draw_slot, random_weights, shuffle, WAITING


def test_a_shuffled_modulator_is_used_once_unchanged_at_another_step():
    """A thousand steps: all are used but those that wait, and none at its own step."""
    modulators = 1.0 + np.arange(1000, dtype=np.float32)
    slots = jax.vmap(draw_slot)(jax.random.split(jax.random.key(0), 1000))

    def step(waiting, now):
        delayed, waiting = shuffle(waiting, *now)
        return waiting, delayed

    waiting, delayed = jax.lax.scan(
        step, jnp.zeros(WAITING), (slots, jnp.array(modulators))
    )
    assert (
        sorted(delayed[delayed > 0].tolist() + waiting.tolist()) == modulators.tolist()
    )
    late = (modulators - np.asarray(delayed))[np.asarray(delayed) > 0]
    assert late.min() >= 1 and abs(late.mean() - WAITING) < 4  # geometric: sd 1 of mean
    assert 20 < late.std() < 44  # at no fixed delay: sd 31.5


def test_of_a_vector_all_neurons_are_shuffled_alike():
    waiting = jnp.arange(6.0).reshape(3, 2)
    delayed, waiting = shuffle(waiting, jnp.int32(1), jnp.array([9.0, 8.0]))
    assert delayed.tolist() == [2.0, 3.0]
    assert waiting.tolist() == [[0.0, 1.0], [9.0, 8.0], [4.0, 5.0]]


def test_random_weights_depend_on_the_seed_of_the_wiring_alone():
    wiring = random_topology(1, n_neurons=64, k_edges=16)
    weights = random_weights(wiring, 0.5)
    traced = jax.jit(lambda data: random_weights(data, 0.5))
    assert np.array_equal(traced(jax.tree.map(jnp.asarray, wiring)), weights)
    assert abs(np.std(weights) - 0.5) < 0.02 and abs(np.mean(weights)) < 0.05
    other = random_weights(random_topology(2, n_neurons=64, k_edges=16), 0.5)
    assert abs(np.corrcoef(weights, other)[0, 1]) < 0.1


def test_a_random_network_inherits_all_but_its_recurrent_weights():
    inherited = set(parameter_shapes(AgentConfig(), 4, 5))
    assert set(parameter_shapes(AgentConfig(control="random_network"), 4, 5)) == (
        inherited - {"rec_w"}
    )


@pytest.mark.parametrize("control", ["shuffled", "clamped", "frozen"])
def test_a_control_of_learning_needs_the_genome_of_none_and_learning(control):
    learns = {"plast_enabled": True, "rule": "abcd"}
    shapes = [
        parameter_shapes(AgentConfig(control=c, **learns), 4, 5)
        for c in (control, "none")
    ]
    assert shapes[0] == shapes[1]
    with pytest.raises(ValueError, match=f"plast_enabled must be True .* {control}"):
        AgentConfig(control=control)
