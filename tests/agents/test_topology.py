"""Wiring: who listens to whom."""

import numpy as np
import pytest

from koki2.agents.topology import as_data, random_topology, Topology


@pytest.mark.parametrize("neurons, edges", [(2, 1), (5, 4), (32, 8), (256, 8)])
def test_every_neuron_has_k_distinct_targets_none_itself(neurons, edges):
    wiring = random_topology(7, neurons, edges)
    assert wiring.source.tolist() == np.repeat(np.arange(neurons), edges).tolist()
    for neuron, targets in enumerate(wiring.target.reshape(neurons, edges)):
        assert len(set(targets)) == edges and neuron not in targets
        assert sorted(targets) == targets.tolist() and max(targets) < neurons


def test_a_seed_is_a_wiring_for_ever():
    """Pinned: should NumPy draw otherwise one day, every run would be another."""
    targets = random_topology(12345, 6, 2).target.tolist()
    assert targets == [2, 3, 2, 5, 3, 4, 1, 5, 2, 5, 0, 1]
    assert random_topology(12346, 6, 2).target.tolist() != targets


def test_wirings_as_data_share_the_depth_of_the_deepest():
    """Neuron 0 of the second hears two synapses, so both tables have two rows."""
    arrays = lambda *lists: (np.array(a, np.int32) for a in lists)
    ring = Topology(**dict(zip(("source", "target"), arrays([0, 1, 2], [1, 2, 0]))))
    star = Topology(**dict(zip(("source", "target"), arrays([0, 1, 2], [1, 0, 0]))))
    data = as_data([ring, star])
    assert data.source.shape == data.target.shape == (2, 3)
    assert data.inputs.tolist() == [
        [[2, 0, 1], [3, 3, 3]],  # 3 is nobody
        [[1, 0, 3], [2, 3, 3]],
    ]
