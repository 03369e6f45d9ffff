"""What the attention kernel takes: known without importing it."""

from jaxtyping import Array, Bool, Float

BLOCK = 64  # positions per tile: the rows of one tensor-core instruction
WIDTHS = (16, 32, 64, 128)  # of a head: those whose accumulators fit the registers


def problem(
    q: Float[Array, "B T H K"],
    k: Float[Array, "B S G K"],
    *,
    softcap: float | None = None,
    valid: Bool[Array, "B S"] | None = None,
) -> str | None:
    """Why arguments of this shape and dtype cannot run in the kernel; None if they can.

    Example:
      >>> import jax.numpy as jnp
      >>> q = jnp.zeros((1, 100, 2, 64), jnp.bfloat16)
      >>> problem(q, q)
      'T must be a multiple of 64, got T=100.'
      >>> problem(q[:, :1], q)
      'the kernel takes as many queries as keys, got T=1 and S=100.'
    """
    length, width = q.shape[1], q.shape[3]
    if softcap is not None:
        return f"the kernel has no softcap, got {softcap}."
    if valid is not None:
        return "the kernel has no mask of valid keys."
    if length != k.shape[1]:
        return (
            "the kernel takes as many queries as keys, got "
            f"T={length} and S={k.shape[1]}."
        )
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
