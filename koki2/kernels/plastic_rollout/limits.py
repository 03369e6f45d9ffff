"""What the plastic rollout's kernel takes: known without importing it."""

from jaxtyping import Array, Float

STEPS = 8  # of a life that come on chip at a time
AGENTS = {32: 4, 64: 2, 128: 1}  # by N: how many one program holds, a thread a neuron


def problem(weights: Float[Array, "P N N"], x: Float[Array, "T P N"]) -> str | None:
    """Why agents of this shape and dtype cannot run in the kernel; None if they can.

    Example:
      >>> import jax.numpy as jnp
      >>> problem(jnp.zeros((5, 48, 48)), jnp.zeros((8, 5, 48)))
      'N must be one of (32, 64, 128), got N=48.'
    """
    steps, neurons = x.shape[0], x.shape[2]
    if weights.dtype != "float32":
        return f"the kernel takes float32, got {weights.dtype}."
    if neurons not in AGENTS:
        return f"N must be one of {tuple(AGENTS)}, got N={neurons}."
    if steps % STEPS:
        return f"T must be a multiple of {STEPS}, got T={steps}."
    return None
