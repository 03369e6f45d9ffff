"""Novelty and its archive, on a line where distances are differences."""

import jax.numpy as jnp
import pytest

from koki2.search.novelty import empty_archive, novelty, remember

LINE = jnp.array([[0.0], [1.0], [3.0], [10.0]])
ALL = jnp.ones(4, bool)


def remembering(*places, size=4):
    new = jnp.array(places, jnp.float32)[:, None]
    return remember(empty_archive(size, 1), new, jnp.ones(len(places), bool))


@pytest.mark.parametrize(
    "k, expected",
    [(1, [1, 1, 2, 7]), (2, [2, 1.5, 2.5, 8]), (9, [14 / 3, 4, 4, 26 / 3])],
)
def test_novelty_is_the_mean_distance_to_the_nearest_others(k, expected):
    """To all of them, where there are fewer than k."""
    distances = novelty(LINE, ALL, empty_archive(2, 1), k)
    assert distances.tolist() == pytest.approx(expected)


def test_what_is_in_the_archive_is_no_longer_new():
    assert novelty(LINE, ALL, remembering(10.5, 0.0), 1).tolist() == [0, 1, 2, 0.5]


def test_rows_that_are_not_present_are_no_neighbours():
    """And still have their own novelty, which is not used."""
    present = jnp.array([True, False, True, False])
    assert novelty(LINE, present, empty_archive(2, 1), 1).tolist() == [3, 1, 3, 7]
    alone = jnp.array([False, False, True, False])
    assert novelty(LINE, alone, empty_archive(2, 1), 1)[2].item() == 0


def test_the_oldest_is_replaced():
    archive = remembering(1, 2, 3)
    assert (archive.filled.item(), archive.next.item()) == (3, 3)
    more = jnp.array([[4.0], [5.0], [6.0]])
    archive = remember(archive, more, jnp.array([True, True, False]))
    assert archive.behaviour[:, 0].tolist() == [5, 2, 3, 4]
    assert (archive.filled.item(), archive.next.item()) == (4, 1)


def test_an_archive_is_not_overfilled_at_once():
    with pytest.raises(
        ValueError, match="at most 2 rows, the size of the archive, got 3"
    ):
        remembering(1, 2, 3, size=2)
