"""Comparing trees of arrays bit for bit, and saying where they differ."""

import jax
import jax.numpy as jnp
import numpy as np


def plain(leaf) -> np.ndarray:
    """A leaf as a NumPy array; of a typed key, its words."""
    if jnp.issubdtype(jnp.result_type(leaf), jax.dtypes.prng_key):
        leaf = jax.random.key_data(leaf)
    return np.asarray(jax.device_get(leaf))


def leaves(tree) -> dict[str, np.ndarray]:
    """Every leaf by its path."""
    found = jax.tree_util.tree_leaves_with_path(tree)
    return {jax.tree_util.keystr(path): plain(leaf) for path, leaf in found}


def differences(first, second) -> list[str]:
    """One line for each leaf that is not the same bit for bit; 0 and -0 are not."""
    ours, theirs = leaves(first), leaves(second)
    if ours.keys() != theirs.keys():
        return [f"only in one: {sorted(ours.keys() ^ theirs.keys())}"]
    lines = []
    for path, a in ours.items():
        b = theirs[path]
        if (a.shape, a.dtype) != (b.shape, b.dtype):
            lines.append(f"{path}: {a.dtype}{a.shape} and {b.dtype}{b.shape}")
        elif a.tobytes() != b.tobytes():
            count = np.sum(np.atleast_1d(a != b))
            gap = np.max(np.abs(a.astype(np.float64) - b.astype(np.float64)))
            lines.append(f"{path}: {count} of {a.size} differ, by up to {gap:.3g}")
    return lines


def assert_same_bits(first, second):
    """Same leaves, shapes, dtypes and bits."""
    found = differences(first, second)
    assert not found, "not the same bits:\n" + "\n".join(found)


def types(tree) -> list:
    """Shape, dtype and weak type of every leaf: what decides a recompilation."""
    shapes = jax.eval_shape(lambda: tree)
    return [(s.shape, s.dtype, s.weak_type) for s in jax.tree.leaves(shapes)]
