"""Fixed random wiring: who listens to whom, drawn once and never changed."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True, kw_only=True)
class Topology:
    """Synapses as a list, ordered by source. Static and hashable."""

    n_neurons: int  # N
    source: tuple[int, ...]  # presynaptic neuron of each synapse, [S]
    target: tuple[int, ...]  # postsynaptic neuron of each synapse, [S]


def random_topology(seed: int, n_neurons: int, k_edges: int) -> Topology:
    """Gives every neuron `k_edges` distinct targets, none of them itself.

    Args:
      seed: of NumPy's `default_rng`; the same on every machine.
      n_neurons: N.
      k_edges: outgoing synapses of each neuron, below N.

    Example:
      >>> wiring = random_topology(0, n_neurons=3, k_edges=2)
      >>> wiring.source, wiring.target
      ((0, 0, 1, 1, 2, 2), (1, 2, 0, 2, 0, 1))
    """
    rng = np.random.default_rng(seed)
    targets = []
    for neuron in range(n_neurons):
        others = np.delete(np.arange(n_neurons), neuron)
        targets.extend(np.sort(rng.choice(others, k_edges, replace=False)).tolist())
    sources = np.repeat(np.arange(n_neurons), k_edges).tolist()
    return Topology(n_neurons=n_neurons, source=tuple(sources), target=tuple(targets))
