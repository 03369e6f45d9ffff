"""Coordinates of neurons, and which of them may be connected."""

import numpy as np
import pytest

from koki2.genomes import nearest_topology
from koki2.genomes.places import places


def test_the_middle_of_nine_reaches_the_four_at_its_sides():
    """0 1 2 / 3 4 5 / 6 7 8"""
    wiring = nearest_topology(9, k_edges=4)
    assert wiring.target[wiring.source == 4].tolist() == [1, 3, 5, 7]


def test_of_equally_near_neurons_the_lower_index_is_taken():
    wiring = nearest_topology(9, k_edges=1)
    assert wiring.target.tolist() == [1, 0, 1, 0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("neurons, edges", [(2, 1), (7, 6), (32, 8), (100, 12)])
def test_every_neuron_has_distinct_targets_and_never_itself(neurons, edges):
    wiring = nearest_topology(neurons, edges)
    assert wiring.source.tolist() == np.repeat(np.arange(neurons), edges).tolist()
    for neuron, its in enumerate(wiring.target.reshape(neurons, edges).tolist()):
        assert len({*its} - {neuron}) == edges and its == sorted(its)


@pytest.mark.parametrize("neurons", [1, 2, 5, 9, 32, 256])
def test_all_coordinates_are_distinct_and_inside_the_sheets(neurons):
    points = places(neurons, observation_size=4, num_actions=5)
    assert [len(points[letter]) for letter in "NOA"] == [neurons, 4, 5]
    everything = np.concatenate(list(points.values()))
    assert len(np.unique(everything, axis=0)) == neurons + 9
    assert np.all(np.abs(everything[:, :2]) < 1)
    for letter, depth in {"O": -1, "N": 0, "A": 1}.items():
        assert set(points[letter][:, 2]) == {depth}
