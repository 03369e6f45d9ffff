"""What the attention kernel takes: known without importing it."""

from jaxtyping import Array, Float

BLOCK = 64  # positions per tile: the rows of one tensor-core instruction
WIDTHS = (16, 32, 64, 128)  # of a head: those whose accumulators fit the registers


def problem(q: Float[Array, "B T H K"]) -> str | None:
    """Why queries of this shape and dtype cannot run in the kernel; None if they can.

    Example:
      >>> import jax.numpy as jnp
      >>> problem(jnp.zeros((1, 100, 2, 64), jnp.bfloat16))
      'T must be a multiple of 64, got T=100.'
    """
    length, width = q.shape[1], q.shape[3]
    if q.dtype != "bfloat16":
        return (
            f"the kernel takes bfloat16, got {q.dtype}; the tensor cores would round "
            "float32 to 10 bits of fraction."
        )
    if length % BLOCK:
        return f"T must be a multiple of {BLOCK}, got T={length}."
    if width not in WIDTHS:
        return f"K must be one of {WIDTHS}, got K={width}."
    return None
