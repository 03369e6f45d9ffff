"""Named blocks of a flat vector: which genes are which array, there and back."""

import math
from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float


class Blocks(NamedTuple):
    """A flat vector as named arrays and back. `named` and `flat` keep every bit."""

    size: int  # D
    named: Callable[[Float[Array, " D"]], dict[str, Array]]
    flat: Callable[[dict[str, ArrayLike]], Float[Array, " D"]]


def blocks(shapes: dict[str, tuple[int, ...]], owner: str) -> Blocks:
    """Lays arrays out in one flat vector, in the order of `shapes`, each row by row.

    Args:
      shapes: of each array, by name.
      owner: what they belong to, for errors: "a direct genome of 8 neurons".

    Raises:
      ValueError: from `flat`, if an array is missing or has another shape, or is
        of another type than float32.

    Example:
      >>> two = blocks({"a": (2,), "b": (1, 2)}, "an example")
      >>> {name: x.tolist() for name, x in two.named(jnp.arange(4.0)).items()}
      {'a': [0.0, 1.0], 'b': [[2.0, 3.0]]}
    """
    sizes = {name: math.prod(shape) for name, shape in shapes.items()}

    def named(genes: Float[Array, " D"]) -> dict[str, Array]:
        out, start = {}, 0
        for name, shape in shapes.items():
            out[name] = genes[start : start + sizes[name]].reshape(shape)
            start += sizes[name]
        return out

    def flat(arrays: dict[str, ArrayLike]) -> Float[Array, " D"]:
        for name, array in arrays.items():
            dtype = getattr(array, "dtype", jnp.float32)
            if name in shapes and dtype != jnp.float32:
                raise ValueError(f"{owner} must have {name} in float32, got {dtype}.")
        for name, shape in shapes.items():
            came = jnp.shape(arrays[name]) if name in arrays else "nothing"
            if came != shape:
                raise ValueError(
                    f"{owner} must have {name} of shape {shape}, got {came}."
                )
        parts = [jnp.asarray(arrays[name], jnp.float32).reshape(-1) for name in shapes]
        return jnp.concatenate(parts)

    return Blocks(size=sum(sizes.values()), named=named, flat=flat)
