"""What plastic_rollout means: one step, scanned over a life."""

import functools

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float

Wiring = Bool[np.ndarray, "N N"] | None
Constants = tuple[float, float, float, float]  # decay, theta, keep, limit
Lives = tuple[
    Float[Array, "T P N"],  # spikes
    Float[Array, "P N N"],  # weights
    Float[Array, "P N N"],  # traces
    Float[Array, "P N"],  # v
]
State = tuple[Array, Array, Array, Array]  # weights, traces, v, spikes


def plastic_rollout(
    weights: Float[Array, "P N N"],
    traces: Float[Array, "P N N"],
    v: Float[Array, "P N"],
    spikes: Float[Array, "P N"],
    x: Float[Array, "T P N"],
    rate: Float[Array, "T P"],
    wiring: Wiring,
    constants: Constants,
) -> Lives:
    """See the door; `rate` is eta times the modulator, `wiring` None or NumPy."""
    step = functools.partial(_step, wiring, *constants)
    (weights, traces, v, _), spikes = lax.scan(
        step, (weights, traces, v, spikes), (x, rate)
    )
    return spikes, weights, traces, v


def _step(
    wiring: Wiring,
    decay: float,
    theta: float,
    keep: float,
    limit: float,
    carry: State,
    now: tuple[Float[Array, "P N"], Float[Array, " P"]],
) -> tuple[State, Float[Array, "P N"]]:
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
