"""Packing: a tree as named arrays and back, or a complaint that names every leaf."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from bits import assert_same_bits

from koki2.core.trees import pack, unpack

TREE = {"a": jnp.array([1.0, -0.0, jnp.nan]), "b": (jnp.int32(7), jnp.zeros((2, 0)))}
LIKE = jax.eval_shape(lambda: TREE)


def test_unpacking_undoes_packing_bit_for_bit():
    assert_same_bits(unpack(LIKE, pack(TREE)), TREE)
    assert all(type(array) is np.ndarray for array in pack(TREE).values())


def test_every_leaf_that_is_wrong_is_named():
    arrays = pack(TREE) | {"['a']": np.zeros(3, np.int32), "['c']": np.zeros(1)}
    del arrays["['b'][0]"]
    with pytest.raises(ValueError) as raised:
        unpack(LIKE, arrays)
    for complaint in (
        "['b'][0] is missing",
        "['c'] is left over",
        "['a'] is int32[3], not float32[3]",
    ):
        assert complaint in str(raised.value)
