"""Candidate synapses: those that may grow. Their number is fixed; rules mask them."""

import numpy as np

from koki2.agents.configs import AgentConfig
from koki2.agents.topology import random_topology, Topology
from koki2.genomes.configs import GenomeConfig
from koki2.genomes.places import grid


def candidates(config: GenomeConfig, agent: AgentConfig, seed: int) -> Topology:
    """Returns the candidate synapses of a CPPN: to near neurons, or drawn by a seed.

    Args:
      config: `cppn_candidates` is read.
      agent: gives N and k_edges.
      seed: of drawn candidates; the nearest are the same for every seed.
    """
    if config.cppn_candidates == "nearest":
        return nearest_topology(agent.n_neurons, agent.k_edges)
    return random_topology(seed, agent.n_neurons, agent.k_edges)


def nearest_topology(n_neurons: int, k_edges: int) -> Topology:
    """Connects every neuron to the `k_edges` neurons nearest to it on its sheet.

    Distances are compared as whole numbers of grid cells, so the wiring is the same on
    every machine; of two equally near neurons the one with the lower index is taken.

    Args:
      n_neurons: N.
      k_edges: outgoing candidates of each neuron, below N.

    Example:
      >>> wiring = nearest_topology(4, k_edges=2)  # a square: 0 1 above 2 3
      >>> wiring.source.tolist(), wiring.target.tolist()
      ([0, 0, 1, 1, 2, 2, 3, 3], [1, 2, 0, 3, 0, 3, 1, 2])
    """
    cells = grid(n_neurons)
    targets = []
    for neuron, cell in enumerate(cells):
        far = np.sum(np.square(cells - cell), axis=1)
        far[neuron] = np.iinfo(far.dtype).max  # last: none is its own neighbour
        targets.append(np.sort(np.argsort(far, kind="stable")[:k_edges]))
    return Topology(
        source=np.repeat(np.arange(n_neurons, dtype=np.int32), k_edges),
        target=np.concatenate(targets).astype(np.int32),
    )
