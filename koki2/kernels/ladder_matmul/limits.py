"""What the ladder_matmul kernel takes: known without importing it."""

from jaxtyping import Array, Float

BLOCK = 64  # items per tile, and the step along a sum
RANKS = (16, 32, 64, 128)  # capacities that the tensor cores and the registers take


def problem(
    x: Float[Array, "N D"], w: Float[Array, "C O"], a: Float[Array, "M E R"]
) -> str | None:
    """Why inputs of these shapes and dtype cannot run in the kernel; None if they can.

    Example:
      >>> import jax.numpy as jnp
      >>> of = lambda *shape: jnp.zeros(shape, jnp.bfloat16)
      >>> problem(of(9, 64), of(64, 64), of(1, 64, 8))
      'N must be a multiple of 64, got N=9.'
    """
    if x.dtype != "bfloat16":
        return (
            f"the kernel takes bfloat16, got {x.dtype}; the tensor cores would round "
            "float32 to 10 bits of fraction."
        )
    sizes = {"N": x.shape[0], "D": w.shape[0], "O": w.shape[1]}
    for name, size in sizes.items():
        if size % BLOCK:
            return f"{name} must be a multiple of {BLOCK}, got {name}={size}."
    if a.shape[2] not in RANKS:
        return f"R must be one of {RANKS}, got R={a.shape[2]}."
    return None
