"""Time constants that evolve: a gene per neuron for how long its potential lasts.

    tau  = tau_m 2^gene, clipped to [min(1, tau_m), 16 tau_m]      in steps
    leak = exp(-1 / tau)                      the potential that is kept per step

A gene of zero is the configured constant. They are worked out once, at birth.

Source: Perez-Nieves et al., "Neural heterogeneity promotes robust learning", 2021,
where they are learnt; here they are inherited.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

from koki2.agents.configs import AgentConfig

LONGEST = 16.0  # in units of tau_m


def own_leak(config: AgentConfig, gene: Float[Array, " N"]) -> Float[Array, " N"]:
    """Computes how much of its potential each neuron keeps per step.

    Example:
      >>> genes = jnp.array([0.0, 1.0, -9.0, 99.0])  # tau is 10, 20, 1 and 160
      >>> leak = own_leak(AgentConfig(tau_m=10.0), genes)
      >>> [round(float(x), 2) for x in -1 / jnp.log(leak)]
      [10.0, 20.0, 1.0, 160.0]
    """
    shortest, longest = min(1.0, config.tau_m), LONGEST * config.tau_m
    tau = jnp.clip(config.tau_m * jnp.exp2(gene), shortest, longest)
    return jnp.exp(-1.0 / tau)
