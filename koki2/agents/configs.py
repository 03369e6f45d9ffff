"""The knobs of every agent. Imports no JAX, so that `--help` answers at once."""

import dataclasses
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le

from koki2.core.configs import check


@dataclasses.dataclass(frozen=True, kw_only=True)
class AgentConfig:
    """The spiking agent and how it learns within a life. Static."""

    n_neurons: Annotated[int, Ge(2), Le(4096)] = 32
    """Leaky integrate-and-fire neurons, N."""
    k_edges: Annotated[int, Ge(1)] = 8
    """Outgoing synapses of each neuron; E = N * k_edges."""
    topology_seed: Annotated[int, Ge(0)] | None = None
    """Seed of the fixed random wiring; None takes the run's seed + 12345."""
    theta: Annotated[float, Gt(0)] = 1.0
    """Firing threshold, in units of the membrane potential."""
    tau_m: Annotated[float, Gt(0)] = 10.0
    """Membrane time constant, in steps."""
    plast_enabled: bool = False
    """Let the recurrent weights move within a life."""
    plast_eta: float = 0.0
    """Learning rate: weight change per unit trace per unit modulator."""
    plast_lambda: Annotated[float, Ge(0), Le(1)] = 0.9
    """Eligibility trace kept per step."""
    modulator_kind: Literal["spike", "drive", "event"] = "spike"
    """The third factor: own spikes, fall of the drive, or meals minus harm."""
    mod_drive_scale: float = 1.0
    """Scale inside the tanh of the drive and event modulators."""

    def __post_init__(self):
        check(self)
        if self.k_edges >= self.n_neurons:
            raise ValueError(
                "k_edges must be below n_neurons, for a neuron has that many distinct "
                f"targets and none is itself, got {self.k_edges} of {self.n_neurons}."
            )
