"""Our threefry on raw words gives the words of `jax.random`, one for one."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from lanes_of_tests import mostly_slow

from koki2.lanes import threefry

KEYS = jax.random.split(jax.random.key(20), 6).reshape(2, 3)  # lanes of 2 x 3
WORDS = jnp.moveaxis(jax.random.key_data(KEYS), -1, 0)


def lanes_behind(function):
    """`function` of one key over all of KEYS, lanes last."""
    over = jax.vmap(jax.vmap(function, out_axes=-1), out_axes=-2)
    return np.asarray(over(jax.random.clone(KEYS)))


@pytest.mark.parametrize("data", [0, 1, 12345, 2**31 - 1])
def test_fold_in(data):
    fold = lambda key: jax.random.key_data(jax.random.fold_in(key, data))
    ours = threefry.fold_in(WORDS, jnp.int32(data))
    np.testing.assert_array_equal(ours, lanes_behind(fold))


def test_fold_in_of_data_that_differ_between_lanes():
    data = jnp.arange(6, dtype=jnp.int32).reshape(2, 3)
    fold = lambda key, data: jax.random.key_data(jax.random.fold_in(key, data))
    theirs = jax.vmap(jax.vmap(fold))(jax.random.clone(KEYS), data)
    ours = threefry.fold_in(WORDS, data)
    np.testing.assert_array_equal(ours, np.moveaxis(theirs, -1, 0))


@pytest.mark.parametrize("shape", mostly_slow([(1,), (2,), (5,), (2, 3)], (1,), (2, 3)))
def test_split(shape):
    split = lambda key: jax.random.key_data(jax.random.split(key, shape))
    np.testing.assert_array_equal(threefry.split(WORDS, shape), lanes_behind(split))


@pytest.mark.parametrize("width", [8, 16, 32])
@pytest.mark.parametrize(
    "shape", mostly_slow([(), (1,), (7,), (3, 2), (20,)], (), (7,))
)
def test_bits(width, shape):
    draw = lambda key: jax.random.bits(key, shape, f"uint{width}")
    ours = threefry.bits(WORDS, width, shape)
    assert ours.dtype == f"uint{width}"
    np.testing.assert_array_equal(ours, lanes_behind(draw))
