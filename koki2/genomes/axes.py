"""What the axes of an agent's arrays stand for, read off their sizes.

An agent of unmistakable sizes is asked for its shapes: what is 101 long there has an
entry per neuron, and so on. So an array that an agent needs tomorrow is understood.
"""

import dataclasses

from koki2.agents.configs import AgentConfig
from koki2.agents.registry import parameter_shapes

_NEURONS, _EDGES, _SENSES, _ACTIONS = 101, 3, 1009, 2003
_LETTER = {_NEURONS: "N", _NEURONS * _EDGES: "S", _SENSES: "O", _ACTIONS: "A"}

Axes = tuple[str | int, ...]


def axes(
    config: AgentConfig, observation_size: int, num_actions: int
) -> dict[str, Axes]:
    """The axes of every array a newborn needs.

    Returns:
      By name: N per neuron, S per synapse, O per sense, A per action, or a number
      where the size is that for every agent.

    Raises:
      ValueError: an array whose axes cannot be told.

    Example:
      >>> found = axes(AgentConfig(), observation_size=4, num_actions=5)
      >>> found["obs_w"], found["rec_w"]
      (('N', 'O'), ('S',))
    """
    probe = dataclasses.replace(config, n_neurons=_NEURONS, k_edges=_EDGES)
    probed = parameter_shapes(probe, _SENSES, _ACTIONS)
    sizes = {
        "N": config.n_neurons,
        "S": config.n_neurons * config.k_edges,
        "O": observation_size,
        "A": num_actions,
    }
    found = {}
    for name, shape in parameter_shapes(config, observation_size, num_actions).items():
        found[name] = tuple(_LETTER.get(size, size) for size in probed[name])
        if tuple(sizes.get(axis, axis) for axis in found[name]) != shape:
            raise ValueError(
                f"{name} wants axes of neurons, synapses, senses, actions or a fixed "
                f"size, got the shape {shape}, and {probed[name]} at other sizes."
            )
    return found
