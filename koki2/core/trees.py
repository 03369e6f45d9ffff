"""Trees: a pytree of arrays as named NumPy arrays and back, as checkpoints want it."""

import jax
import jax.numpy as jnp
import numpy as np


def pack(tree) -> dict[str, np.ndarray]:
    """Every leaf by its path.

    Example:
      >>> sorted(pack({"a": jnp.zeros(2), "b": {"c": jnp.ones(1)}}))
      ["['a']", "['b']['c']"]
    """
    leaves = jax.tree_util.tree_leaves_with_path(jax.device_get(tree))
    return {jax.tree_util.keystr(path): np.asarray(leaf) for path, leaf in leaves}


def unpack(like, arrays: dict[str, np.ndarray]):
    """The tree of the shapes `like`, filled from `arrays`.

    Raises:
      ValueError: naming every leaf that is missing, left over or of another shape.

    Example:
      >>> like = {"a": jax.ShapeDtypeStruct((2,), jnp.float32)}
      >>> unpack(like, {"['a']": np.ones(2, np.float32)})["a"].tolist()
      [1.0, 1.0]
    """
    leaves, tree = jax.tree_util.tree_flatten_with_path(like)
    wanted = {jax.tree_util.keystr(path): leaf for path, leaf in leaves}
    problems = [f"{name} is missing" for name in wanted if name not in arrays]
    problems += [f"{name} is not of it" for name in arrays if name not in wanted]
    for name, leaf in wanted.items():
        came = arrays.get(name, leaf)
        if (came.shape, came.dtype) != (leaf.shape, leaf.dtype):
            problems.append(
                f"{name} is {came.dtype}{list(came.shape)}, "
                f"not {leaf.dtype}{list(leaf.shape)}"
            )
    if problems:
        raise ValueError(
            f"this checkpoint is of another search: {', '.join(problems)}."
        )
    return jax.tree.unflatten(tree, [jnp.asarray(arrays[name]) for name in wanted])
