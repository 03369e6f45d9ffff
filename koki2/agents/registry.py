"""From a config to the agent it names, and the arrays that a newborn needs."""

from koki2.agents.base import Agent
from koki2.agents.catalogue import AGENTS, Axes
from koki2.agents.configs import AgentConfig
from koki2.agents.topology import Topology


def make(config: AgentConfig, topology: Topology, steps: int) -> Agent:
    """Builds an agent of the family `config.agent`.

    Args:
      config: which family; which neurons, rule, control and constraints.
      topology: the synapses.
      steps: length of an episode, for schedules over its phase.

    Raises:
      ValueError: an unknown family, with the nearest known ones.
    """
    return AGENTS.find(config.agent).make(config, topology, steps)


def parameter_axes(
    config: AgentConfig, observation_size: int, num_actions: int
) -> dict[str, Axes]:
    """Returns the axes of every array that a newborn needs, as its family declares.

    Raises:
      ValueError: an axis that is neither N, S, O, A nor an integer >= 1.

    Example:
      >>> axes = parameter_axes(AgentConfig(), observation_size=4, num_actions=5)
      >>> axes["obs_w"], axes["rec_w"]
      (('N', 'O'), ('S',))
    """
    declared = AGENTS.find(config.agent).shapes(config, observation_size, num_actions)
    arrays = {name: tuple(axes) for name, axes in declared.items()}
    for name, axes in arrays.items():
        if not all(_is_axis(axis) for axis in axes):
            raise ValueError(
                f"the axes of {name} must each be one of N, S, O, A or an integer "
                f">= 1, got {axes}."
            )
    return arrays


def parameter_shapes(
    config: AgentConfig, observation_size: int, num_actions: int
) -> dict[str, tuple[int, ...]]:
    """Returns the shape of every array that a newborn needs: its axes in numbers.

    Of the recurrent agent, genes of learning are among them where learning is enabled,
    whatever its rate; those of the modulator always, as in seed 002. A mask is never
    among them: a genome may add one.

    Args:
      config: gives N neurons and S = N * k_edges synapses.
      observation_size: O.
      num_actions: A.

    Example:
      >>> shapes = parameter_shapes(AgentConfig(), observation_size=4, num_actions=5)
      >>> shapes["obs_w"], shapes["rec_w"]
      ((32, 4), (256,))
    """
    size = {
        "N": config.n_neurons,
        "S": config.n_neurons * config.k_edges,
        "O": observation_size,
        "A": num_actions,
    }
    arrays = parameter_axes(config, observation_size, num_actions)
    return {
        name: tuple(size[axis] if isinstance(axis, str) else axis for axis in axes)
        for name, axes in arrays.items()
    }


def _is_axis(axis: object) -> bool:
    if isinstance(axis, str):
        return axis in ("N", "S", "O", "A")
    return isinstance(axis, int) and not isinstance(axis, bool) and axis >= 1
