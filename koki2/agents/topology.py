"""Fixed random wiring: which neuron has synapses onto which, drawn once."""

import chex
import numpy as np

from koki2.core.types import Array
from koki2.kernels.edge_sum import in_table


@chex.dataclass(frozen=True, kw_only=True)
class Topology:
    """Synapses as lists, in the order of their sources. N neurons, S synapses.

    As NumPy arrays it is a constant of the compiled program; as JAX arrays it is data,
    and one program serves many wirings.
    """

    source: np.ndarray | Array  # presynaptic neuron, int32 [S]
    target: np.ndarray | Array  # postsynaptic neuron, int32 [S]
    inputs: np.ndarray | Array | None = None  # table of in-synapses, int32 [M, N]


def random_topology(seed: int, n_neurons: int, k_edges: int) -> Topology:
    """Gives every neuron `k_edges` distinct targets, none of them itself.

    Args:
      seed: of NumPy's `default_rng`; the same on every machine.
      n_neurons: N.
      k_edges: outgoing synapses of each neuron, below N.

    Example:
      >>> wiring = random_topology(0, n_neurons=3, k_edges=2)
      >>> wiring.source.tolist(), wiring.target.tolist()
      ([0, 0, 1, 1, 2, 2], [1, 2, 0, 2, 0, 1])
    """
    rng = np.random.default_rng(seed)
    targets = []
    for neuron in range(n_neurons):
        others = np.delete(np.arange(n_neurons), neuron)
        targets.append(np.sort(rng.choice(others, k_edges, replace=False)))
    return Topology(
        source=np.repeat(np.arange(n_neurons, dtype=np.int32), k_edges),
        target=np.concatenate(targets).astype(np.int32),
    )


def as_data(topologies: list[Topology], *, multiple: int = 1) -> Topology:
    """Stacks wirings of one size as data: each field gains a leading axis.

    They share the depth of the in-table, so that one compiled program serves all; with
    the depth rounded up to a `multiple`, it may serve other wirings too.
    """
    tables = [in_table(np.asarray(t.source), np.asarray(t.target)) for t in topologies]
    depth = -(-max(len(table) for table in tables) // multiple) * multiple
    return Topology(
        source=np.stack([t.source for t in topologies]),
        target=np.stack([t.target for t in topologies]),
        inputs=np.stack(
            [
                in_table(np.asarray(t.source), np.asarray(t.target), depth)
                for t in topologies
            ]
        ),
    )
