"""Trustworthiness and continuity, on points whose neighbours are plain to see."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from paper_metrics import some_samples

from koki2.measures import continuity, trustworthiness

LINE = jnp.arange(8.0)[:, None]
# The rim of a 3 x 3 square in order: each point's neighbours are one unit away.
RIM = jnp.array(
    [[0, 0], [1, 0], [2, 0], [2, 1], [2, 2], [1, 2], [0, 2], [0, 1]], jnp.float32
)
SQUARE = jnp.array([[0, 0], [1, 0], [1, 1], [0, 1]], jnp.float32)
STOREYS = jnp.concatenate([SQUARE, SQUARE])  # two squares, one above the other
HEIGHT = jnp.repeat(jnp.array([0.0, 9.0]), 4)[:, None]
HOUSE = jnp.concatenate([STOREYS, HEIGHT], axis=1)
SCALE = 2 / (8 * 2 * (2 * 8 - 3 * 2 - 1))  # of the punishments, for S = 8 and k = 2


MEASURED = jax.jit(
    lambda *args: (trustworthiness(*args), continuity(*args)), static_argnums=2
)


def both(inputs, embedding, k=2):
    return [figure.item() for figure in MEASURED(inputs, embedding, k)]


@pytest.mark.parametrize("k", [1, 2, 3])
@pytest.mark.parametrize("points", [LINE, RIM, STOREYS], ids=["line", "rim", "twins"])
def test_what_keeps_every_order_is_perfect(points, k):
    """Ties and all."""
    assert both(points, 3 * points[:, ::-1], k) == [1, 1]


def test_tearing_a_ring_costs_continuity():
    """Cut between its ends, each finds the other as its 7th instead of its 2nd; what
    it has for a neighbour instead is its 3rd on the ring."""
    assert both(RIM, LINE) == pytest.approx([1 - 2 * SCALE, 1 - 10 * SCALE])


def test_closing_a_line_to_a_ring_costs_trustworthiness():
    assert both(LINE, RIM) == pytest.approx([1 - 10 * SCALE, 1 - 2 * SCALE])


def test_folding_two_storeys_into_one_costs_trustworthiness_alone():
    """Near each point now lie its twin (4th before) and four at one distance that share
    one place: two of its own storey, two of the other (5th before)."""
    assert both(HOUSE, STOREYS) == pytest.approx([1 - 8 * (2 + 3 / 2) * SCALE, 1])


def test_tearing_twins_apart_costs_continuity_alone():
    assert both(STOREYS, HOUSE) == pytest.approx([1, 1 - 8 * (2 + 3 / 2) * SCALE])


def test_one_place_for_all_tears_nothing_and_can_hardly_be_trusted():
    """All seven others of a point share its two places. From an end of the line those
    ranked 3 to 7 are punished 1 + 2 + 3 + 4 + 5; from the next, 15; then, with more at
    one distance, 14 and 13."""
    trusted = 1 - 2 / 7 * 2 * (15 + 15 + 14 + 13) * SCALE
    assert both(LINE, jnp.zeros((8, 1))) == pytest.approx([trusted, 1])


def test_the_order_of_points_does_not_matter():
    order = jnp.array([5, 0, 7, 2, 6, 1, 3, 4])
    assert both(HOUSE[order], STOREYS[order]) == both(HOUSE, STOREYS)


@pytest.mark.parametrize(
    "k, trusted, kept", [(3, 0.8223684, 0.8728070), (5, 0.8276042, 0.8630208)]
)
def test_they_are_those_of_a_library(k, trusted, kept):
    """scikit-learn 1.9.1: manifold.trustworthiness; of the exchanged for continuity."""
    found = both(some_samples(), some_samples()[:, :2], k)
    assert found == pytest.approx([trusted, kept], abs=1e-5)


def test_an_input_without_differences_has_no_neighbours_to_keep():
    assert np.all(np.isnan(both(jnp.ones((8, 2)), LINE)))
    assert np.all(np.isnan(both(jnp.ones((8, 2)), jnp.zeros((8, 1)))))


def test_too_few_points_or_one_that_is_nowhere_have_no_neighbourhoods():
    for inputs, embedding, k in (
        (LINE, LINE, 4),
        (LINE.at[3].set(jnp.nan), RIM, 2),
        (RIM, LINE.at[3].set(jnp.inf), 2),
    ):
        assert np.all(np.isnan(both(inputs, embedding, k)))
    with pytest.raises(ValueError, match="k must be >= 1, got 0"):
        trustworthiness(LINE, LINE, 0)
