"""Schedules over the phase of a life, phi = t / (T - 1), which runs from 0 to 1."""

import jax.numpy as jnp
from jaxtyping import Array, Float, Int


def phase(t: Int[Array, ""], steps: int) -> Float[Array, ""]:
    """Phase of step `t` in a life of `steps` steps; a life of one step is at 0."""
    return t.astype(jnp.float32) / float(max(steps - 1, 1))


def smoothstep(
    phi: Float[Array, ""], low: float, high: float, start: float, end: float
) -> Float[Array, ""]:
    """Rises from `low` to `high` between two phases, flat at both ends.

        s = clip((phi - start) / (end - start), 0, 1)
        low + (3 s^2 - 2 s^3) (high - low)

    Args:
      phi: phase of the life, in [0, 1].
      low: value up to `start`.
      high: value from `end` on.
      start: phase at which the rise begins.
      end: phase at which it ends; at or before `start` the value is `high` always,
        so that setting only `low` does nothing.

    Example:
      >>> half = smoothstep(jnp.float32(0.25), 0.0, 2.0, 0.0, 0.5)
      >>> float(half), float(smoothstep(jnp.float32(0.0), 0.0, 2.0, 0.0, 0.0))
      (1.0, 2.0)

    Source: seed 002, sensory gating (2.2).
    """
    if end <= start or low == high:
        return jnp.full_like(phi, high)
    s = jnp.clip((phi - start) / (end - start), 0.0, 1.0)
    return low + s * s * (3.0 - 2.0 * s) * (high - low)
