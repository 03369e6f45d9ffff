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


def smoothstep_to(
    phi: Float[Array, ""], low: float, high: float, start: float, end: Float[Array, ""]
) -> Float[Array, ""]:
    """The same where `end` is traced, as of a schedule that a genome controls.

    Example:
      >>> half = smoothstep_to(jnp.float32(0.25), 0.0, 2.0, 0.0, jnp.float32(0.5))
      >>> ends = smoothstep_to(jnp.float32(0.0), 0.0, 2.0, 0.0, jnp.float32(0.0))
      >>> float(half), float(ends)
      (1.0, 2.0)
    """
    s = jnp.clip((phi - start) / jnp.maximum(end - start, 1e-6), 0.0, 1.0)
    s = jnp.where(end > start, s, 1.0)
    return low + s * s * (3.0 - 2.0 * s) * (high - low)
