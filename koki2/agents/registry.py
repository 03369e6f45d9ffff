"""From a config to the agent it names, and the shapes of what it is born with."""

from koki2.agents.base import Agent
from koki2.agents.configs import AgentConfig
from koki2.agents.recurrent import recurrent
from koki2.agents.topology import Topology


def make(config: AgentConfig, topology: Topology, steps: int) -> Agent:
    """Builds the agent of a config.

    Args:
      config: which neurons, which rule, which control, which strain.
      topology: who listens to whom.
      steps: length of a life, for schedules over its phase.
    """
    return recurrent(config, topology, steps)


def parameter_shapes(
    config: AgentConfig, observation_size: int, num_actions: int
) -> dict[str, tuple[int, ...]]:
    """What a newborn needs, by name: the fields of `AgentParams` that are in use.

    Genes of learning are in use where it is enabled, whatever its rate; those of the
    modulator always, as in seed 002. A mask is never among them: a genome may add one.

    Example:
      >>> shapes = parameter_shapes(AgentConfig(), observation_size=4, num_actions=5)
      >>> shapes["obs_w"], shapes["rec_w"]
      ((32, 4), (256,))
    """
    n = config.n_neurons
    synapses = n * config.k_edges
    vector = config.modulator_kind == "vector"
    per_edge = config.plast_enabled and config.plast_per_edge
    shapes = {
        "obs_w": (n, observation_size),
        "rec_w": (synapses,) if config.control != "random_network" else None,
        "motor_w": (n, num_actions),
        "motor_b": (num_actions,),
        "mod_w": (n,) if not vector else None,
        "mod_vec": (n, 3) if vector else None,
        "abcd": (4, synapses)
        if config.plast_enabled and config.rule == "abcd"
        else None,
        "eta": (synapses,) if per_edge else None,
        "keep": (synapses,) if per_edge else None,
        "dale": (n,) if config.strain == "adaptive" else None,
    }
    return {name: shape for name, shape in shapes.items() if shape is not None}
