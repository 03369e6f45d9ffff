"""Strains: what biology forbids a wiring, from nothing to laws that genes choose.

    A none      nothing is imposed
    B hard      Dale's law: a fixed share of the neurons excites, the others inhibit
    C soft      nothing is forbidden, but weights and firing cost fitness
    D adaptive  Dale's law binds the neurons whose gene says so, with the sign it says

Dale's law: all a neuron sends has one sign, w = sign |w|, at birth and after every
change within a life; a weight that would cross zero comes back with its new size.

Source: seed 002's thesis 10, section 3. There D biases wirings whose motifs keep coming
up among the best, by a rule outside of them; here the motif is in the genome. Every
neuron has a gene: up to `dale_lock` in size it is free as in strain A, beyond it the
gene's sign binds, so that selection alone locks in what helps (`dale_lock` 0: all are
bound from the start, and only signs evolve). Of C's penalties, those on sign and ratio
are left out: B and D are about them.
"""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from koki2.agents.configs import AgentConfig
from koki2.agents.topology import Topology

STRAINS = {
    "none": {"strain": "none"},
    "hard": {"strain": "hard", "excitatory_fraction": 0.8},
    "soft": {"strain": "soft", "wiring_cost": 0.1, "firing_cost": 0.1},
    "adaptive": {"strain": "adaptive", "dale_lock": 0.25},
}
"""The ablation of strains: settings of an `AgentConfig`, by name."""


def dale(config: AgentConfig, topology: Topology):
    """Dale's law: (weights, the neurons' genes) -> weights; None where it is not set.

    Example:
      >>> from koki2.agents import random_topology
      >>> two = AgentConfig(n_neurons=2, k_edges=1, strain="hard",
      ...                   excitatory_fraction=0.5)
      >>> law = dale(two, random_topology(0, n_neurons=2, k_edges=1))
      >>> law(jnp.array([-3.0, 2.0]), None).tolist()  # neuron 0 excites, 1 inhibits
      [3.0, -2.0]
    """
    of = lambda neurons: neurons.at[topology.source].get(mode="promise_in_bounds")
    if config.strain == "hard":
        signs = of(jnp.asarray(hard_signs(config)))
        return lambda weights, genes: signs * jnp.abs(weights)

    def adaptive(weights: Float[Array, " S"], genes) -> Float[Array, " S"]:
        gene = of(genes)
        bound = jnp.where(gene < 0, -jnp.abs(weights), jnp.abs(weights))
        return jnp.where(jnp.abs(gene) >= config.dale_lock, bound, weights)

    return adaptive if config.strain == "adaptive" else None


def hard_signs(config: AgentConfig) -> np.ndarray:
    """1 for neurons that excite, -1 for those that inhibit: the last ones. [N]."""
    excite = round(config.excitatory_fraction * config.n_neurons)
    return np.where(np.arange(config.n_neurons) < excite, 1, -1).astype(np.float32)


def soft_cost(
    config: AgentConfig, weights: Float[Array, " S"], activity: Float[Array, " N"]
) -> Float[Array, ""]:
    """What a step costs: wiring_cost * mean |w| + firing_cost * mean |activity|.

    In units of fitness. Synapses that a mask leaves out count as weights of zero.
    """
    wiring = config.wiring_cost * jnp.mean(jnp.abs(weights))
    return wiring + config.firing_cost * jnp.mean(jnp.abs(activity))
