"""Centred ranks, by hand: worked numbers a reader can check on paper."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from koki2.search import centred_ranks

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    "fitness, ranks",
    [
        ([10.0, 30.0, 20.0], [-0.5, 0.5, 0.0]),
        ([3.0, NAN, 1.0, 3.0, 0.0], [0.375, -0.5, 0.0, 0.375, -0.25]),
        ([NAN, 5.0, NAN, 6.0], [-1 / 3, 1 / 6, -1 / 3, 0.5]),  # places 0 and 1: 0.5
        ([INF, 0.0, -INF, NAN], [0.5, 1 / 6, -1 / 3, -1 / 3]),  # -inf has failed too
        ([0.0, -0.0, 1.0], [-0.25, -0.25, 0.5]),  # zero is zero
    ],
)
def test_ranks_by_hand(fitness, ranks):
    np.testing.assert_allclose(centred_ranks(jnp.array(fitness)), ranks, rtol=1e-6)


@pytest.mark.parametrize("value", [4.0, NAN, INF])
@pytest.mark.parametrize("size", [2, 4, 7])
def test_equals_are_exactly_in_the_middle(value, size):
    ranks = centred_ranks(jnp.full(size, value, jnp.float32))
    np.testing.assert_array_equal(ranks, np.zeros(size, np.float32))


def test_ranks_depend_on_values_not_on_places(key):
    fitness = jnp.round(4.0 * jax.random.normal(key, (100,)))  # many ties
    order = np.random.default_rng(0).permutation(100)
    np.testing.assert_array_equal(
        centred_ranks(fitness)[order], centred_ranks(fitness[order])
    )


def test_ranks_agree_with_comparing_all_pairs(key):
    fitness = np.asarray(jnp.round(8.0 * jax.random.normal(key, (257,))))
    below = np.sum(fitness[:, None] > fitness[None, :], axis=1)
    equal = np.sum(fitness[:, None] == fitness[None, :], axis=1)
    np.testing.assert_allclose(
        centred_ranks(jnp.asarray(fitness)),
        (below + (equal - 1) / 2) / 256 - 0.5,
        atol=1e-6,
    )


def test_one_alone_has_no_rank():
    with pytest.raises(ValueError, match="at least 2 members, got 1"):
        centred_ranks(jnp.zeros(1))
