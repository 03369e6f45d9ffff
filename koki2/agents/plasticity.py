"""Three-factor plasticity: synapses that were active together move when told to.

    trace' = lambda * trace + spike_before[source] * spike_now[target]
    w'     = clip(w + eta * m * trace', -3, 3)

The third factor m is in (-1, 1). Without an event (m = 0) weights do not move.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from koki2.core.lane_ops import anywhere
from koki2.kernels.edge_sum.reference import edge_trace
from koki2.agents.base import Consequence
from koki2.agents.configs import SpikingConfig

W_LIMIT = 3.0  # bound on the size of a recurrent weight, once learning has begun


def modulator(
    config: SpikingConfig, mod_w: Float[Array, " N"], spike, felt: Consequence
) -> Float[Array, ""]:
    """The third factor of one step.

    spike: tanh(mod_w . spike); drive: tanh(scale * fall of the drive); event:
    tanh(scale * (energy gained - integrity lost)).
    """
    scale = config.mod_drive_scale
    if config.modulator_kind == "spike":
        return jnp.tanh(mod_w @ spike)
    if config.modulator_kind == "drive":
        return jnp.tanh(scale * felt.drive_fall)
    return jnp.tanh(scale * (felt.energy_gained - felt.integrity_lost))


def three_factor(w, trace, before, now, third, source, target, *, eta, keep):
    """New weights, new trace and the mean |change| of a weight."""
    import numpy as np
    at = lambda x, i: x.at[np.array(i)].get(mode='promise_in_bounds')
    trace = keep * trace + at(before, source) * at(now, target)
    def move(w, trace):
        moved = jnp.where(third != 0, jnp.clip(w + eta * third * trace, -W_LIMIT, W_LIMIT), w)
        return moved, jnp.mean(jnp.abs(moved - w))
    w, dw = jax.lax.cond(anywhere(third != 0), move, lambda w, t: (w, jnp.float32(0)), w, trace)
    return w, trace, dw
