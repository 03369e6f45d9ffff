"""Biological constraints on the weights: none, hard, soft or adaptive.

    A none      nothing is imposed
    B hard      Dale's law: a fixed share of the neurons excites, the others inhibit
    C soft      nothing is forbidden, but weights and firing cost fitness
    D adaptive  Dale's law binds a neuron if its gene says so, with the gene's sign

Dale's law: all that a neuron sends has one sign, w = sign |w|, at birth and after every
change within an episode; a weight that would cross zero comes back with its new size.

Source: seed 002's thesis 10, section 3, which calls them strains. There D biases
wirings whose motifs recur among the best, by a rule outside of the genome; here the
motif is in the genome. Every neuron has a gene: up to `dale_lock` in size the neuron is
free as under A, beyond it the gene's sign binds, so that selection alone locks in what
helps (`dale_lock` 0: all are bound from the start, and only signs evolve). Of C's
penalties, those on sign and ratio are left out: B and D are about them.
"""

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from koki2.agents.configs import AgentConfig
from koki2.agents.topology import Topology
from koki2.core.given import given

Constraint = Callable[[Float[Array, " S"], Float[Array, " N"] | None], Array]
"""(weights, the neurons' genes or None) -> the weights that the constraint allows."""

STRAINS = {
    "none": {"strain": "none"},
    "hard": {"strain": "hard", "excitatory_fraction": 0.8},
    "soft": {"strain": "soft", "wiring_cost": 0.1, "firing_cost": 0.1},
    "adaptive": {"strain": "adaptive", "dale_lock": 0.25},
}
"""The ablation of constraints: settings of an `AgentConfig`, by name."""


def dale(config: AgentConfig, topology: Topology) -> Constraint | None:
    """Builds Dale's law for the configured constraint; None where it is not imposed.

    Example:
      >>> from koki2.agents import random_topology
      >>> two = AgentConfig(n_neurons=2, k_edges=1, strain="hard",
      ...                   excitatory_fraction=0.5)
      >>> constraint = dale(two, random_topology(0, n_neurons=2, k_edges=1))
      >>> constraint(jnp.array([-3.0, 2.0]), None).tolist()  # 0 excites, 1 inhibits
      [3.0, -2.0]
    """
    of_source = lambda x: x.at[topology.source].get(mode="promise_in_bounds")
    if config.strain == "hard":
        signs = of_source(jnp.asarray(hard_signs(config)))

        def hard(
            weights: Float[Array, " S"], genes: Float[Array, " N"] | None
        ) -> Float[Array, " S"]:
            return signs * jnp.abs(weights)

        return hard

    def adaptive(
        weights: Float[Array, " S"], genes: Float[Array, " N"] | None
    ) -> Float[Array, " S"]:
        gene = of_source(given(genes))
        bound = jnp.where(gene < 0, -jnp.abs(weights), jnp.abs(weights))
        return jnp.where(jnp.abs(gene) >= config.dale_lock, bound, weights)

    return adaptive if config.strain == "adaptive" else None


def hard_signs(config: AgentConfig) -> np.ndarray:
    """Returns 1 for neurons that excite, -1 for those that inhibit (the last). [N]."""
    excite = round(config.excitatory_fraction * config.n_neurons)
    return np.where(np.arange(config.n_neurons) < excite, 1, -1).astype(np.float32)


def soft_cost(
    config: AgentConfig, weights: Float[Array, " S"], activity: Float[Array, " N"]
) -> Float[Array, ""]:
    """Computes a step's cost: wiring_cost * mean |w| + firing_cost * mean |activity|.

    In units of fitness. Synapses that a mask leaves out count as weights of zero.
    """
    wiring = config.wiring_cost * jnp.mean(jnp.abs(weights))
    return wiring + config.firing_cost * jnp.mean(jnp.abs(activity))
