"""Modulators: the third factor of three-factor learning, of the step it is about.

A modulator is a number in (-1, 1), the same for all synapses or, of kind vector, one
per neuron, which all synapses onto that neuron share.

    spike   m   = tanh(mod_w . activity)
    drive   m   = tanh(scale * fall of the drive)
    event   m   = tanh(scale * (energy gained - integrity lost))
    vector  m_n = tanh(scale * mod_vec[n] . [energy gained, integrity lost, drive fall])

Without feedback, all but the first are zero, and weights stay as they are.

Source: seed 002, stage 2; the vector, thesis 04, 3.3 (several modulators, their meaning
left to evolution).
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

from koki2.agents.base import StepFeedback
from koki2.agents.configs import AgentConfig
from koki2.agents.params import AgentParams
from koki2.core.given import given


def compute_modulator(
    config: AgentConfig,
    params: AgentParams,
    activity: Float[Array, " N"],
    feedback: StepFeedback,
) -> Float[Array, ""] | Float[Array, " N"]:
    """Computes the modulator of one step; the formulas are at the top of this file.

    Args:
      config: which kind, and its scale.
      params: of the agent, for the kinds that read out by genes.
      activity: of the neurons at this step.
      feedback: of this step.
    """
    if config.modulator_kind == "spike":
        return jnp.tanh(given(params.mod_w) @ activity)
    scale = config.mod_drive_scale
    gained, lost = feedback.energy_gained, feedback.integrity_lost
    if config.modulator_kind == "drive":
        return jnp.tanh(scale * feedback.drive_fall)
    if config.modulator_kind == "event":
        return jnp.tanh(scale * (gained - lost))
    events = jnp.stack([gained, lost, feedback.drive_fall])
    return jnp.tanh(scale * (given(params.mod_vec) @ events))
