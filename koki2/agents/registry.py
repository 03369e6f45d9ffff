"""From a config to the agent it names, and the shapes of what it is born with."""

from koki2.agents.base import Agent
from koki2.agents.configs import AgentConfig
from koki2.agents.spiking import spiking
from koki2.agents.topology import Topology


def make(config: AgentConfig, topology: Topology, steps: int) -> Agent:
    """Builds the agent of a config.

    Args:
      config: which neurons, which rule.
      topology: who listens to whom.
      steps: length of a life, for schedules over its phase.
    """
    del steps
    return spiking(config, topology)


def parameter_shapes(
    config: AgentConfig, observation_size: int, num_actions: int
) -> dict[str, tuple[int, ...]]:
    """What a newborn needs, by name: the fields of `SpikingParams` that are in use.

    Example:
      >>> shapes = parameter_shapes(AgentConfig(), observation_size=4, num_actions=5)
      >>> shapes["obs_w"], shapes["rec_w"]
      ((32, 4), (256,))
    """
    n = config.n_neurons
    return {
        "obs_w": (n, observation_size),
        "rec_w": (n * config.k_edges,),
        "motor_w": (n, num_actions),
        "motor_b": (num_actions,),
        "mod_w": (n,),
    }
