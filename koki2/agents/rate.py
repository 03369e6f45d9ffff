"""Rate neurons: leaky units whose activity is a number between -1 and 1.

    v    = keep v + (1 - keep) (input + sum over in-synapses of w * rate_before)
    rate = tanh(v),   keep = exp(-1 / tau_m)

Under a constant input v converges to it. Products with a rate are rounded, where those
with a spike are exact: episodes over lanes and one after the other agree in what the
agent does within a rounding, and not always bit for bit.

Source: Sompolinsky et al., "Chaos in random neural networks", 1988, in discrete time.
"""

import math

import jax.numpy as jnp
from jaxtyping import Array, Float

from koki2.agents.configs import AgentConfig
from koki2.agents.spiking import NeuronStep, SynapticInput


def leaky_rate(config: AgentConfig) -> NeuronStep:
    """Builds one step of N rate neurons; replaces `spiking.integrate_and_fire`.

    (v, None, inputs, synaptic_input) -> (v, rate, None).

    Example:
      >>> step = leaky_rate(AgentConfig(neuron="rate", tau_m=1 / math.log(2)))
      >>> v, rate, _ = step(jnp.zeros(1), None, jnp.ones(1), lambda base: base)
      >>> round(float(v[0]), 6), round(float(rate[0]), 6)  # tanh(1/2)
      (0.5, 0.462117)
    """
    keep = math.exp(-1.0 / config.tau_m)

    def step(
        v: Float[Array, " N"],
        adapt: None,
        inputs: Float[Array, " N"],
        synaptic_input: SynapticInput,
        leak: Float[Array, " N"] | None = None,
    ) -> tuple[Float[Array, " N"], Float[Array, " N"], None]:
        kept = keep if leak is None else leak
        v = kept * v + (1.0 - kept) * synaptic_input(inputs)
        return v, jnp.tanh(v), adapt

    return step
