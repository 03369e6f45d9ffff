"""What a recurrent agent is born with, and what of it changes within an episode.

N neurons, O observations, A actions, S synapses. A field of a part that is not in use
is None, and is not built; `recurrent_axes` declares those that are in use.
"""

import chex
from jaxtyping import Array, Float, Int

from koki2.agents.catalogue import Axes
from koki2.agents.configs import AgentConfig


@chex.dataclass(frozen=True, kw_only=True)
class AgentParams:
    """A newborn's weights, and the genes of how it will change."""

    obs_w: Float[Array, "N O"]
    rec_w: Float[Array, " S"] | None = None  # None: random_network draws them
    motor_w: Float[Array, "N A"]
    motor_b: Float[Array, " A"]
    mod_w: Float[Array, " N"] | None = None  # readout of the spike modulator
    mod_vec: Float[Array, "N 3"] | None = None  # of the vector modulator
    abcd: Float[Array, "4 S"] | None = None  # what a trace gains, by `plasticity.abcd`
    eta: Float[Array, " S"] | None = None  # own learning rate, by `plasticity.own_eta`
    keep: Float[Array, " S"] | None = None  # own trace, by `plasticity.own_keep`
    dale: Float[Array, " N"] | None = None  # sign of what a neuron sends (adaptive)
    tau: Float[Array, " N"] | None = None  # time constant, by `time_constants.own_leak`
    phases: Float[Array, "2"] | None = None  # shifts of plast_end_phi and nursing's end
    mask: Float[Array, " S"] | None = None  # 0 or 1: which synapses exist


@chex.dataclass(frozen=True, kw_only=True)
class AgentState:
    """What changes within an episode."""

    v: Float[Array, " N"]  # potential, in units of the threshold's
    spike: Float[Array, " N"]  # activity at the last step: 0 or 1; a rate in [-1, 1]
    adapt: Float[Array, " N"] | None = None  # recent spikes, which raise the threshold
    before: Float[Array, " N"] | None = None  # activity one step earlier
    rec_w: Float[Array, " S"] | None = None  # as it is now
    trace: Float[Array, " S"] | None = None  # eligibility
    t: Int[Array, ""] | None = None  # steps taken, for the schedule of plasticity
    waiting: Float[Array, "W ..."] | None = None  # modulators yet to be used
    slot: Int[Array, ""] | None = None  # which of them this step uses
    leak: Float[Array, " N"] | None = None  # potential kept per step; None: by tau_m


def recurrent_axes(config: AgentConfig) -> dict[str, Axes]:
    """Declares the arrays of a recurrent newborn: the fields of `AgentParams` in use.

    Example:
      >>> sorted(recurrent_axes(AgentConfig(modulator_kind="vector")))
      ['mod_vec', 'motor_b', 'motor_w', 'obs_w', 'rec_w']
    """
    vector = config.modulator_kind == "vector"
    per_edge = config.plast_enabled and config.plast_per_edge
    abcd = config.plast_enabled and config.rule == "abcd"
    axes: dict[str, Axes | None] = {
        "obs_w": ("N", "O"),
        "rec_w": ("S",) if config.control != "random_network" else None,
        "motor_w": ("N", "A"),
        "motor_b": ("A",),
        "mod_w": ("N",) if not vector else None,
        "mod_vec": ("N", 3) if vector else None,
        "abcd": (4, "S") if abcd else None,
        "eta": ("S",) if per_edge else None,
        "keep": ("S",) if per_edge else None,
        "dale": ("N",) if config.strain == "adaptive" else None,
        "tau": ("N",) if config.tau_genes else None,
        "phases": (2,) if config.phase_genes else None,
    }
    return {name: its for name, its in axes.items() if its is not None}
