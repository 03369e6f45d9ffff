"""What the correlation kernel takes: known without importing it."""

from jaxtyping import Array, Float

BLOCK = 64  # rows of a tile, and the step along a sum


def problem(x: Float[Array, "M D"]) -> str | None:
    """Why a matrix of this shape and dtype cannot run in the kernel; None if it can.

    Example:
      >>> import jax.numpy as jnp
      >>> problem(jnp.zeros((100, 64), jnp.bfloat16))
      'M must be a multiple of 64, got M=100.'
    """
    if x.dtype != "bfloat16":
        return (
            f"the kernel takes bfloat16, got {x.dtype}; the tensor cores would round "
            "float32 to 10 bits of fraction."
        )
    for name, size in zip("MD", x.shape, strict=True):
        if size % BLOCK:
            return f"{name} must be a multiple of {BLOCK}, got {name}={size}."
    return None
