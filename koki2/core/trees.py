"""Trees: a pytree of arrays as named NumPy arrays and back, as checkpoints need it.

A leaf is named by its path. A typed key is stored as its uint32 key data under a name
that ends in the key's type, as `['key']:key<fry>`, so that key data never passes for
numbers, nor for keys of another implementation. Small floats and integers (bfloat16,
int4) keep their dtype of `ml_dtypes`.
"""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import multihost_utils
from jaxtyping import PyTree

KEY_IMPLEMENTATIONS = {
    "key<fry>": "threefry2x32",
    "key<rbg>": "rbg",
    "key<urbg>": "unsafe_rbg",
}


def pack(tree: PyTree) -> dict[str, np.ndarray]:
    """Returns every leaf by its path, on the host.

    A collective where JAX runs in several processes: each must call it, and each gets
    all of every leaf.

    Example:
      >>> sorted(pack({"a": jnp.zeros(2), "b": {"c": jax.random.key(0)}}))
      ["['a']", "['b']['c']:key<fry>"]
    """
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    named = {_name(path, leaf): _gathered(_key_data(leaf)) for path, leaf in leaves}
    return {name: np.asarray(leaf) for name, leaf in jax.device_get(named).items()}


def unpack(like: PyTree, arrays: Mapping[str, Any]) -> PyTree:
    """Returns the tree of the structure, shapes and dtypes of `like`, from `arrays`.

    Args:
      like: arrays, keys, or `jax.ShapeDtypeStruct`s of them.
      arrays: what `pack` made of such a tree.

    Raises:
      ValueError: naming every leaf that is missing, left over or of another shape.

    Example:
      >>> like = {"a": jax.ShapeDtypeStruct((2,), jnp.float32)}
      >>> unpack(like, {"['a']": np.ones(2, np.float32)})["a"].tolist()
      [1.0, 1.0]
    """
    leaves, tree = jax.tree_util.tree_flatten_with_path(like)
    expected = {_name(path, leaf): leaf for path, leaf in leaves}
    problems = [f"{name} is missing" for name in expected if name not in arrays]
    problems += [f"{name} is left over" for name in arrays if name not in expected]
    for name, leaf in expected.items():
        shape, dtype = _stored(leaf)
        array = arrays.get(name)
        if array is not None and (array.shape, array.dtype) != (shape, dtype):
            problems.append(
                f"{name} is {array.dtype}{list(array.shape)}, not {dtype}{list(shape)}"
            )
    if problems:
        raise ValueError(
            f"this checkpoint is of another program: {', '.join(problems)}."
        )
    filled = [_restored(leaf, arrays[name]) for name, leaf in expected.items()]
    return jax.tree.unflatten(tree, filled)


def _is_key(leaf: PyTree) -> bool:
    return hasattr(leaf, "dtype") and jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def _name(path: tuple, leaf: PyTree) -> str:
    name = jax.tree_util.keystr(path)
    return f"{name}:{leaf.dtype.name}" if _is_key(leaf) else name


def _key_data(leaf: PyTree) -> PyTree:
    return jax.random.key_data(leaf) if _is_key(leaf) else leaf


def _gathered(leaf: PyTree) -> PyTree:
    """The leaf where this process can read all of it."""
    if isinstance(leaf, jax.Array) and not leaf.is_fully_addressable:
        return multihost_utils.process_allgather(leaf, tiled=True)
    return leaf


def _stored(leaf: PyTree) -> tuple[tuple[int, ...], np.dtype]:
    """Shape and dtype of a leaf in its stored form."""
    if _is_key(leaf):
        leaf = jax.eval_shape(jax.random.key_data, leaf)
    return tuple(leaf.shape), np.dtype(leaf.dtype)


def _restored(leaf: PyTree, array: np.ndarray) -> jax.Array:
    if _is_key(leaf):
        implementation = KEY_IMPLEMENTATIONS[leaf.dtype.name]
        return jax.random.wrap_key_data(jnp.asarray(array), impl=implementation)
    return jnp.asarray(array)
