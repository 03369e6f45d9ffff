"""Packing: a tree as named arrays and back, or a complaint that names every leaf."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from bits import assert_same_bits

from koki2.core.trees import pack, unpack
from koki2.runlog import checkpoint

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


KEYS = {"key": jax.random.key(3), "many": jax.random.split(jax.random.key(4), (2, 3))}


@pytest.mark.parametrize("implementation", ["threefry2x32", "rbg", "unsafe_rbg"])
def test_typed_keys_come_back_as_keys(implementation):
    keys = {"key": jax.random.key(3, impl=implementation), "n": jnp.int32(1)}
    arrays = pack(keys)
    assert sorted(array.dtype.name for array in arrays.values()) == ["int32", "uint32"]
    for like in (keys, jax.eval_shape(lambda: keys)):
        key = unpack(like, arrays)["key"]
        assert key.dtype == keys["key"].dtype
        assert_same_bits(jax.random.key_data(key), jax.random.key_data(keys["key"]))


def test_many_keys_keep_their_shape_and_their_draws():
    keys = unpack(jax.eval_shape(lambda: KEYS), pack(KEYS))
    assert keys["many"].shape == (2, 3)
    draws = jax.vmap(jax.vmap(jax.random.normal))
    assert_same_bits(draws(keys["many"]), draws(KEYS["many"]))


def test_a_key_is_neither_a_number_nor_a_key_of_another_implementation():
    of = lambda implementation: {"key": jax.random.key(0, impl=implementation)}
    data = {"key": jax.random.key_data(jax.random.key(0))}
    for like, tree in (
        (of("rbg"), of("unsafe_rbg")),  # whose key data look alike
        (of("threefry2x32"), data),
        (data, of("threefry2x32")),
    ):
        with pytest.raises(ValueError, match="is missing.* is left over"):
            unpack(like, pack(tree))
    short = pack(KEYS) | {"['key']:key<fry>": np.zeros(3, np.uint32)}
    with pytest.raises(ValueError, match=r"\['key'\]:key<fry> is uint32\[3\], not uin"):
        unpack(KEYS, short)


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float8_e5m2, jnp.int4])
def test_small_dtypes_come_back_through_a_checkpoint(tmp_path, dtype):
    tree = {"weights": jnp.array([1, -2, 3]).astype(dtype)}
    checkpoint.save(tmp_path, 1, pack(tree), {})
    loaded = unpack(tree, checkpoint.load_newest(tmp_path).arrays)["weights"]
    assert loaded.dtype == dtype
    assert np.asarray(loaded).tobytes() == np.asarray(tree["weights"]).tobytes()


def test_a_leaf_a_hundred_levels_down_has_a_name_that_can_be_written(tmp_path):
    tree = jnp.ones(1)
    for _ in range(100):
        tree = {"deep": tree}
    checkpoint.save(tmp_path, 1, pack(tree), {})
    assert_same_bits(unpack(tree, checkpoint.load_newest(tmp_path).arrays), tree)
