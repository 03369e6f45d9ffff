"""Wirings: what is promised of every one, and two small ones as data by hand."""

import numpy as np
import pytest

from koki2.agents import random_topology, Topology
from koki2.agents.topology import as_data
from koki2.kernels import in_table


@pytest.mark.parametrize("n_neurons, k_edges", [(2, 1), (5, 4), (32, 8)])
def test_every_neuron_has_k_distinct_targets_and_none_is_itself(n_neurons, k_edges):
    for seed in range(5):
        wiring = random_topology(seed, n_neurons, k_edges)
        targets = wiring.target.reshape(n_neurons, k_edges)
        assert wiring.source.tolist() == np.repeat(range(n_neurons), k_edges).tolist()
        for neuron, its in enumerate(targets.tolist()):
            assert len(set(its)) == k_edges and neuron not in its
            assert set(its) <= set(range(n_neurons))


def test_a_seed_is_a_wiring_for_ever():
    """Pinned: should NumPy draw otherwise one day, every run would be another."""
    targets = random_topology(12345, 6, 2).target.tolist()
    assert targets == [2, 3, 2, 5, 3, 4, 1, 5, 2, 5, 0, 1]
    assert random_topology(12346, 6, 2).target.tolist() != targets


LINE = Topology(
    source=np.array([0, 1, 1, 2], np.int32), target=np.array([1, 0, 2, 1], np.int32)
)
FAN = Topology(
    source=np.array([0, 1, 2, 2], np.int32), target=np.array([2, 2, 0, 1], np.int32)
)


def test_the_in_table_lists_synapses_by_target_in_order_and_fills_up():
    table = in_table(LINE.source, LINE.target)
    assert table.tolist() == [[1, 0, 2], [4, 3, 4]]
    assert in_table(LINE.source, LINE.target, 3)[2].tolist() == [4, 4, 4]


@pytest.mark.parametrize("multiple, depth", [(1, 2), (3, 3), (8, 8)])
def test_wirings_as_data_share_the_depth_of_the_deepest(multiple, depth):
    stacked = as_data([LINE, FAN], multiple=multiple)
    assert stacked.source.tolist() == [[0, 1, 1, 2], [0, 1, 2, 2]]
    assert stacked.target.tolist() == [[1, 0, 2, 1], [2, 2, 0, 1]]
    assert stacked.inputs.shape == (2, depth, 3)
    assert stacked.inputs[0, :2].tolist() == [[1, 0, 2], [4, 3, 4]]
    assert stacked.inputs[1, :2].tolist() == [[2, 3, 0], [4, 4, 1]]
    assert np.all(stacked.inputs[:, 2:] == 4)
