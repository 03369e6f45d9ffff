"""Three-factor plasticity: synapses that were active together move when told to.

    trace' = lambda * trace + spike_before[source] * spike_now[target]
    w'     = clip(w + eta * m * trace', -3, 3)   where m is not zero, else w

The third factor m is in (-1, 1), and is felt on the step it is about. Without an event
(m = 0) the weights stay exactly where they are.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from koki2.agents.base import Consequence
from koki2.agents.configs import AgentConfig
from koki2.agents.topology import Topology
from koki2.core.lanes import anywhere

W_LIMIT = 3.0  # bound on the size of a weight that moves


def modulator(
    config: AgentConfig,
    mod_w: Float[Array, " N"],
    spike: Float[Array, " N"],
    felt: Consequence,
) -> Float[Array, ""]:
    """The third factor of one step, in (-1, 1).

    spike: tanh(mod_w . spike), drive: tanh(scale * fall of the drive), event:
    tanh(scale * (energy gained - integrity lost)).

    Source: seed 002, stage 2 (modulator kinds).
    """
    if config.modulator_kind == "spike":
        return jnp.tanh(mod_w @ spike)
    scale = config.mod_drive_scale
    if config.modulator_kind == "drive":
        return jnp.tanh(scale * felt.drive_fall)
    return jnp.tanh(scale * (felt.energy_gained - felt.integrity_lost))


def three_factor(
    weights: Float[Array, " S"],
    trace: Float[Array, " S"],
    before: Float[Array, " N"],
    now: Float[Array, " N"],
    third: Float[Array, ""],
    topology: Topology,
    *,
    eta: float,
    keep: float,
) -> tuple[Float[Array, " S"], Float[Array, " S"], Float[Array, ""]]:
    """Moves weights along an eligibility trace when a third factor says so.

    One agent, one step; the formula stands at the top of this file.

    Args:
      weights: of the recurrent synapses.
      trace: which synapses were lately active together; starts at zero.
      before: spikes of the step before, 0 or 1.
      now: spikes of this step, 0 or 1.
      third: the third factor m. At zero the trace still evolves.
      topology: the wiring.
      eta: weight change per unit trace per unit modulator; at 0 nothing moves.
      keep: trace kept per step (lambda), in [0, 1].

    Returns:
      New weights, new trace, and the mean size of a weight's change before the clip.

    Example:
      >>> from koki2.agents import random_topology
      >>> one, wiring = jnp.ones(2), random_topology(0, n_neurons=2, k_edges=1)
      >>> w, e, dw = three_factor(jnp.zeros(2), jnp.zeros(2), one, one,
      ...                         jnp.float32(0.5), wiring, eta=0.2, keep=0.9)
      >>> w.round(6).tolist(), e.tolist()  # 0.2 * 0.5 * 1
      ([0.10000000149011612, 0.10000000149011612], [1.0, 1.0])

    Source: Gerstner et al., "Eligibility traces and plasticity on behavioral time
    scales", 2018; the clip as in seed 002.
    """
    at = lambda spikes, index: spikes.at[index].get(mode="promise_in_bounds")
    trace = keep * trace + at(before, topology.source) * at(now, topology.target)
    event = (third != 0.0) & (eta != 0)

    moved = jnp.clip(weights + eta * third * trace, -W_LIMIT, W_LIMIT)
    mean = lambda trace: jnp.mean(trace)  # the trace is never negative
    none = lambda trace: jnp.zeros_like(third)
    abs_dw = jnp.abs(eta * third) * jax.lax.cond(anywhere(event), mean, none, trace)
    return jnp.where(event, moved, weights), trace, abs_dw
