"""A model's parameters as one flat vector, so that an update is one loop over memory.

Matrices come first, so that what decays is a prefix of the vector.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree


class Flat(NamedTuple):
    """How a tree of parameters lies in a vector. Built by `flat`."""

    size: int
    """Numbers in all, D."""
    matrices: int
    """Of them, those of arrays of two axes or more, which come first."""
    ravel: Callable[[PyTree], Float[Array, " D"]]
    unravel: Callable[[Float[Array, " D"]], PyTree]
    squares: Callable[[Float[Array, " D"]], dict[str, Float[Array, ""]]]
    """The sum of squares of each layer, by name."""


def flat(like: PyTree) -> Flat:
    """Lays out a tree of parameters.

    A layer is a member of the tree, or of a list in it: "embedding", "blocks_0".

    Args:
      like: arrays of float32, or `jax.ShapeDtypeStruct`s of them.

    Example:
      >>> tree = {"b": jnp.array([3.0]), "w": jnp.array([[1.0, 2.0]])}
      >>> one = flat(tree)
      >>> one.ravel(tree).tolist(), one.matrices
      ([1.0, 2.0, 3.0], 2)
      >>> one.unravel(jnp.array([4.0, 5.0, 6.0]))["b"].tolist()
      [6.0]
      >>> {name: float(x) for name, x in one.squares(one.ravel(tree)).items()}
      {'b': 9.0, 'w': 5.0}
    """
    leaves, tree = jax.tree_util.tree_flatten_with_path(like)
    shapes = [tuple(leaf.shape) for _, leaf in leaves]
    layers = [_layer(path) for path, _ in leaves]
    order = sorted(range(len(leaves)), key=lambda i: len(shapes[i]) < 2)
    sizes = [math.prod(shape) for shape in shapes]
    starts, size = [0] * len(leaves), 0
    for i in order:
        starts[i], size = size, size + sizes[i]

    def ravel(params: PyTree) -> Float[Array, " D"]:
        arrays = jax.tree.leaves(params)
        return jnp.concatenate([arrays[i].reshape(-1) for i in order])

    def piece(vector: Float[Array, " D"], i: int) -> Float[Array, " N"]:
        return jax.lax.slice_in_dim(vector, starts[i], starts[i] + sizes[i])

    def unravel(vector: Float[Array, " D"]) -> PyTree:
        arrays = [piece(vector, i).reshape(shape) for i, shape in enumerate(shapes)]
        return jax.tree.unflatten(tree, arrays)

    def squares(vector: Float[Array, " D"]) -> dict[str, Float[Array, ""]]:
        sums: dict[str, Float[Array, ""]] = {}
        for i, layer in enumerate(layers):
            part = jnp.sum(jnp.square(piece(vector, i)))
            sums[layer] = sums[layer] + part if layer in sums else part
        return sums

    return Flat(
        size=size,
        matrices=sum(n for n, shape in zip(sizes, shapes, strict=True) if shape[1:]),
        ravel=ravel,
        unravel=unravel,
        squares=squares,
    )


def _layer(path: tuple) -> str:
    """The name of the layer of a leaf, from its path."""
    name = _plain(path[0]) if path else "all"
    is_member = len(path) > 1 and isinstance(path[1], jax.tree_util.SequenceKey)
    return f"{name}_{path[1].idx}" if is_member else name


def _plain(entry: object) -> str:
    for field in ("name", "key", "idx"):
        if hasattr(entry, field):
            return str(getattr(entry, field))
    return str(entry)
