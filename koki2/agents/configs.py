"""Settings of agents. Imports no JAX, so that `--help` answers at once."""

import dataclasses
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le

from koki2.agents.catalogue import AGENTS
from koki2.core.configs import check, Later, Named, ReadWhen

_SPIKES = ReadWhen("neuron", is_one_of=("lif", "alif"))
_ADAPTS = ReadWhen("neuron", is_one_of=("alif",))
_LEARNS = ReadWhen("plast_enabled", is_one_of=(True,))
_COSTS = ReadWhen("strain", is_one_of=("soft",))
_RAMPS = ReadWhen("plast_end_phi", is_none_of=(0.0,))
_MIXES = ReadWhen("modulator_kind", is_one_of=("vector",))  # by genes of its own
_FEEDS = ReadWhen("plast_enabled", is_one_of=(True,), otherwise=_MIXES)
_COUNTS = ReadWhen("control", is_none_of=("clamped",), otherwise=_MIXES)


@dataclasses.dataclass(frozen=True, kw_only=True)
class AgentConfig:
    """Which family of agents, and how an agent learns within an episode. Static.

    The recurrent family is put together from parts: kind of neuron, learning rule,
    modulator, negative control, biological constraint. The defaults are the spiking
    agent of seed 002. Another family may read as much of this as it likes.
    """

    agent: Annotated[str, Named(AGENTS)] = "recurrent"
    """The family: recurrent, or one that was registered."""
    n_neurons: Annotated[int, Ge(2), Le(4096)] = 32
    """Neurons, N."""
    k_edges: Annotated[int, Ge(1)] = 8
    """Outgoing synapses of each neuron; E = N * k_edges."""
    topology_seed: Annotated[int, Ge(0)] | None = None
    """Seed of the fixed random wiring; None takes the run's seed + 12345."""
    theta: Annotated[float, Gt(0), _SPIKES] = 1.0
    """Firing threshold, in units of the membrane potential."""
    tau_m: Annotated[float, Gt(0)] = 10.0
    """Membrane time constant, in steps."""
    plast_enabled: bool = False
    """Let the recurrent weights move within an episode."""
    plast_eta: Annotated[float, _LEARNS] = 0.0
    """Learning rate: weight change per unit trace per unit modulator."""
    plast_lambda: Annotated[float, Ge(0), Le(1), _LEARNS] = 0.9
    """Eligibility trace kept per step."""
    modulator_kind: Annotated[
        Literal["spike", "drive", "event", "vector"], _FEEDS, _COUNTS
    ] = "spike"
    """The modulator: own activity, fall of the drive, energy gained minus integrity
    lost, or of each neuron its own mixture of the last three."""
    mod_drive_scale: Annotated[
        float, _LEARNS, ReadWhen("modulator_kind", is_none_of=("spike",))
    ] = 1.0
    """Scale inside the tanh of the drive, event and vector modulators."""
    neuron: Literal["lif", "alif", "rate"] = "lif"
    """Leaky integrate-and-fire, the same with a threshold that adapts, or rates."""
    adapt_beta: Annotated[float, Ge(0), _ADAPTS] = 0.2
    """Rise of the threshold per recent spike of its neuron (alif)."""
    adapt_tau: Annotated[float, Gt(0), _ADAPTS] = 20.0
    """Time constant over which the threshold forgets spikes, in steps (alif)."""
    rule: Annotated[Literal["three_factor", "abcd"], _LEARNS] = "three_factor"
    """What a synapse's trace gains: activity of both its neurons, or what genes say."""
    plast_per_edge: Annotated[bool, _LEARNS] = False
    """Give every synapse genes for its own learning rate and trace."""
    plast_eta_min_frac: Annotated[float, Ge(0), Le(1), _LEARNS, _RAMPS] = 0.0
    """Share of plast_eta at birth, where it rises within an episode."""
    plast_start_phi: Annotated[float, Ge(0), Le(1), _LEARNS, _RAMPS] = 0.0
    """Phase of the episode at which plasticity starts to rise."""
    plast_end_phi: Annotated[float, Ge(0), Le(1), _LEARNS] = 0.0
    """Phase at which it is complete; at or before the start it is so from birth."""
    control: Literal["none", "shuffled", "clamped", "frozen", "random_network"] = "none"
    """Negative control: the modulator at the wrong time, or constant; weights that
    never move; or recurrent weights that were not evolved."""
    clamp_value: Annotated[
        float, Ge(-1), Le(1), ReadWhen("control", is_one_of=("clamped",))
    ] = 1.0
    """The constant modulator of the control clamped."""
    random_scale: Annotated[
        float, Ge(0), ReadWhen("control", is_one_of=("random_network",))
    ] = 0.5
    """Standard deviation of the weights of the control random_network."""
    strain: Literal["none", "hard", "soft", "adaptive"] = "none"
    """Biological constraints: none, Dale's law, costs, or Dale's law by genes."""
    excitatory_fraction: Annotated[
        float, Ge(0), Le(1), ReadWhen("strain", is_one_of=("hard",))
    ] = 0.8
    """Share of the neurons that excite; the others inhibit (hard)."""
    dale_lock: Annotated[float, Ge(0), ReadWhen("strain", is_one_of=("adaptive",))] = (
        0.0
    )
    """Size a neuron's gene must exceed for Dale's law to bind it (adaptive)."""
    wiring_cost: Annotated[float, Ge(0), _COSTS] = 0.1
    """Fitness a step costs per mean size of a recurrent weight (soft)."""
    firing_cost: Annotated[float, Ge(0), _COSTS] = 0.1
    """Fitness a step costs per share of neurons that fire (soft)."""
    ticks: Annotated[int, Ge(1), Le(16), Later()] = 1
    """Network steps per step of the world, with the same input; their activity is
    summed for the choice of an action. Learning and costs see the last one."""
    choice: Annotated[Literal["first", "random", "softmax"], Later()] = "first"
    """The action of the largest readout: the first of equals, or one of them at random;
    or an action drawn from the softmax of the readouts."""
    temperature: Annotated[
        float, Gt(0), ReadWhen("choice", is_one_of=("softmax",)), Later()
    ] = 1.0
    """What the softmax divides readouts by; near 0 it is their largest."""
    tau_genes: Annotated[bool, Later()] = False
    """Give every neuron a gene for its membrane time constant, tau_m * 2^gene."""
    phase_genes: Annotated[bool, Later()] = False
    """Give a genome two genes that shift the ends of its schedules: of the rise of
    plasticity (plast_end_phi), and of the gain on the senses in nursing."""

    def __post_init__(self) -> None:
        check(self)
        AGENTS.find(self.agent)
        if self.control in ("shuffled", "clamped", "frozen") and not self.plast_enabled:
            raise ValueError(
                f"plast_enabled must be True for the control {self.control}, which is "
                "one of learning, got False."
            )
        if self.k_edges >= self.n_neurons:
            raise ValueError(
                "k_edges must be below n_neurons, since that many distinct targets of "
                "a neuron are not itself, "
                f"got {self.k_edges} of {self.n_neurons}."
            )


@dataclasses.dataclass(frozen=True, kw_only=True)
class SensesConfig:
    """In which form an agent gets what its world's senses tell. Static.

    The world says which senses there are (`Env.senses`), and stays as it is. By
    default the agent gets them as the world gives them.
    """

    gradients: Annotated[Literal["world", "cells", "unit"], Later()] = "world"
    """The way to something: in units of the world's size, in cells, or as a unit vector
    and log(1 + distance in cells), which is one channel more for each."""
    needs: Annotated[Literal["store", "deficit"], Later()] = "store"
    """How full a store is, or what it lacks: 1 - store."""
    scaling: Annotated[Literal["none", "running"], Later()] = "none"
    """running: each channel less its mean, and over its standard deviation, of the
    steps of this episode as yet."""

    def __post_init__(self) -> None:
        check(self)
