"""Biological constraints: Dale's law and the costs, by hand."""

import jax.numpy as jnp
import numpy as np
import pytest

from koki2.agents import AgentConfig, make, parameter_shapes, STRAINS, Topology
from koki2.agents.constraints import dale, hard_signs, soft_cost

SQUARE = Topology(  # synapse e is of neuron e
    source=np.arange(4, dtype=np.int32), target=np.array([1, 2, 3, 0], np.int32)
)
WEIGHTS = jnp.array([0.5, -1.0, 0.0, 2.0])


def config(**fields):
    return AgentConfig(n_neurons=4, k_edges=1, **fields)


def test_hard_a_fixed_share_excites_and_the_rest_inhibit():
    assert hard_signs(AgentConfig(n_neurons=10)).tolist() == [1.0] * 8 + [-1.0] * 2
    constraint = dale(config(strain="hard", excitatory_fraction=0.5), SQUARE)
    once = constraint(WEIGHTS, None)
    assert once.tolist() == [0.5, 1.0, 0.0, -2.0]
    assert constraint(once, None).tolist() == once.tolist()


@pytest.mark.parametrize(
    "lock, expected",
    [
        (0.0, [-0.5, 1.0, 0.0, -2.0]),  # every gene binds, and one of zero excites
        (0.25, [-0.5, -1.0, 0.0, 2.0]),  # only the gene -1 is large enough
    ],
)
def test_adaptive_genes_bind_beyond_the_lock(lock, expected):
    genes = jnp.array([-1.0, 0.125, 0.0, -0.125])
    constraint = dale(config(strain="adaptive", dale_lock=lock), SQUARE)
    assert constraint(WEIGHTS, genes).tolist() == expected


def test_soft_a_step_costs_weights_and_spikes():
    """Mean size 3.5 / 4, at 1/2 each; one of four fires, at 4."""
    costs = config(strain="soft", wiring_cost=0.5, firing_cost=4.0)
    fired = jnp.array([0.0, 0.0, 1.0, 0.0])
    assert soft_cost(costs, WEIGHTS, fired).item() == 0.4375 + 1.0


def test_the_ablation_of_constraints_is_settings_of_an_agent():
    for name, settings in STRAINS.items():
        agent = config(**settings)
        assert agent.strain == name
        assert (make(agent, SQUARE, 8).cost is not None) == (name == "soft")
        assert (dale(agent, SQUARE) is not None) == (name in ("hard", "adaptive"))
        assert ("dale" in parameter_shapes(agent, 4, 5)) == (name == "adaptive")
