"""Spiking neurons: leaky integrate-and-fire, with a fixed or an adaptive threshold.

    v     = exp(-1 / tau_m) v + input + sum over in-synapses of w * spike_before
    spike = v > theta + adapt_beta a
    v     = v - theta * spike
    a     = exp(-1 / adapt_tau) a + spike          (alif; of lif a is always zero)

Membrane potentials are in units of the threshold's; a step is one world step. A spike
subtracts the threshold of a rested neuron, so that what adaptation added to the
threshold stays in the potential.

Source: seed 002, section 3 (stages 1 and 2); Bellec et al., "Long short-term memory
and learning-to-learn in networks of spiking neurons", 2018, for the adaptation.
"""

import math
from collections.abc import Callable

import jax.numpy as jnp
from jaxtyping import Array, Float

from koki2.agents.configs import AgentConfig

SynapticInput = Callable[[Float[Array, " N"]], Float[Array, " N"]]
"""Adds to a number per neuron what its synapses bring of the last step's activity."""
NeuronStep = Callable[..., tuple[Array, Array, Array | None]]
"""(v, adapt, inputs, synaptic_input, leak=None) -> (v, activity, adapt); arrays of N
neurons. `leak` takes the place of exp(-1 / tau_m), neuron by neuron."""


def integrate_and_fire(config: AgentConfig) -> NeuronStep:
    """Builds one step of N neurons: (v, a, input, synaptic_input) -> (v, spike, a).

    a is None where the threshold does not adapt.

    Example:
      >>> no_synapses = lambda base: base
      >>> step = integrate_and_fire(AgentConfig(neuron="alif", adapt_beta=0.5))
      >>> v, spike, a = step(
      ...     jnp.zeros(1), jnp.ones(1), jnp.array([1.25]), no_synapses)
      >>> float(spike[0])  # 1.25 is above 1, but not above 1 + 0.5 * 1
      0.0
    """
    keep = math.exp(-1.0 / config.tau_m)
    adapt_keep = math.exp(-1.0 / config.adapt_tau)

    def step(
        v: Float[Array, " N"],
        adapt: Float[Array, " N"] | None,
        inputs: Float[Array, " N"],
        synaptic_input: SynapticInput,
        leak: Float[Array, " N"] | None = None,
    ) -> tuple[Float[Array, " N"], Float[Array, " N"], Float[Array, " N"] | None]:
        v = synaptic_input((keep if leak is None else leak) * v + inputs)
        if adapt is None:
            fires = v > config.theta
        else:
            fires = v > config.theta + config.adapt_beta * adapt
        spike = fires.astype(jnp.float32)
        if adapt is not None:
            adapt = adapt_keep * adapt + spike
        return jnp.where(fires, v - config.theta, v), spike, adapt

    return step
