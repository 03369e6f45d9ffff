"""What plastic_rollout means: one step, scanned over a life."""

import functools

import jax.numpy as jnp
from jax import lax


def plastic_rollout(weights, traces, v, spikes, x, rate, wiring, constants):
    """See the door; `rate` is eta times the modulator, `wiring` None or NumPy."""
    step = functools.partial(_step, wiring, *constants)
    (weights, traces, v, _), spikes = lax.scan(
        step, (weights, traces, v, spikes), (x, rate)
    )
    return spikes, weights, traces, v


def _step(wiring, decay, theta, keep, limit, carry, now):
    weights, traces, v, before = carry
    x, rate = now
    v = decay * v + x + jnp.einsum("pji,pj->pi", weights, before)
    fires = v > theta
    spikes = fires.astype(v.dtype)
    v = jnp.where(fires, v - theta, v)
    together = before[:, :, None] * spikes[:, None, :]
    if wiring is not None:
        together = jnp.where(wiring[None], together, 0.0)
    traces = keep * traces + together
    rate = rate[:, None, None]
    moved = jnp.clip(weights + rate * traces, -limit, limit)
    weights = jnp.where(rate != 0, moved, weights)
    return (weights, traces, v, spikes), spikes
