"""plastic_rollout on a processor: the reference, in the layout that was fastest.

Agent-steps per second of processor time, in thousands, over 64 steps (two cores with
AVX-512, 32 MiB of cache; interleaved, medians; of chunks and edges the best size):

       N    P   synapses of each   state    whole    chunks    edges
      16  256          8           0.5 MB   5,600    4,700    4,800
      32  512          8             4 MB   5,300    4,000    1,700
      64  256        all             8 MB   1,500    1,400
      64  256          8             8 MB   1,400    1,200      630
      64  256          4             8 MB   1,400      990      860
     128   64         32             8 MB     400      370      130
     128  256        all            34 MB     130      360
     128  256          8            34 MB     105      280      320
     256   64          8            34 MB      19       64      125

So: all agents at once while their weights and traces stay in the cache; beyond it a few
agents at a time, each for its whole life; and synapse by synapse only where the wiring
is very thin.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float

from koki2.kernels.plastic_rollout import reference
from koki2.kernels.plastic_rollout.reference import Constants, Lives, State, Wiring

CACHE = 1 << 24  # bytes of weights and traces up to which all live at once
CHUNK = 8  # agents at a time beyond it
THIN = 1 / 16  # share of pairs with a synapse up to which the others are left out


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
    """As the reference."""
    live = form(weights, wiring)
    return live(weights, traces, v, spikes, x, rate, wiring, constants)


def form(
    weights: Float[Array, "P N N"] | jax.ShapeDtypeStruct, wiring: Wiring
) -> Callable[..., Lives]:
    """Which of the three suits."""
    if 2 * weights.size * weights.dtype.itemsize <= CACHE:
        return reference.plastic_rollout
    return chunks if wiring is None or wiring.mean() > THIN else edges


def chunks(
    weights: Float[Array, "P N N"],
    traces: Float[Array, "P N N"],
    v: Float[Array, "P N"],
    spikes: Float[Array, "P N"],
    x: Float[Array, "T P N"],
    rate: Float[Array, "T P"],
    wiring: Wiring,
    constants: Constants,
) -> Lives:
    """The reference, for a few agents after the other."""

    def few(arrays: tuple[Array, ...]) -> tuple[Array, ...]:
        weights, traces, v, spikes, x, rate = arrays
        x, rate = jnp.swapaxes(x, 0, 1), jnp.swapaxes(rate, 0, 1)
        out = reference.plastic_rollout(
            weights, traces, v, spikes, x, rate, wiring, constants
        )
        return (jnp.swapaxes(out[0], 0, 1), *out[1:])

    lives = jnp.swapaxes(x, 0, 1), jnp.swapaxes(rate, 0, 1)
    spikes, weights, traces, v = _in_chunks(few, (weights, traces, v, spikes, *lives))
    return jnp.swapaxes(spikes, 0, 1), weights, traces, v


def edges(
    weights: Float[Array, "P N N"],
    traces: Float[Array, "P N N"],
    v: Float[Array, "P N"],
    spikes: Float[Array, "P N"],
    x: Float[Array, "T P N"],
    rate: Float[Array, "T P"],
    wiring: Bool[np.ndarray, "N N"],
    constants: Constants,
) -> Lives:
    """Synapse by synapse, by a table of those onto each neuron; agents come last."""
    decay, theta, keep, limit = constants
    depth = wiring.sum(axis=0).max()
    source = np.argsort(~wiring, axis=0, kind="stable")[:depth]  # [M, N], in order
    there = np.take_along_axis(wiring, source, axis=0)
    column = np.broadcast_to(np.arange(wiring.shape[1]), source.shape)

    def few(arrays: tuple[Array, ...]) -> tuple[Array, ...]:
        weights, traces, v, spikes, x, rate = (jnp.moveaxis(a, 0, -1) for a in arrays)

        def step(carry: State, now: tuple[Array, Array]) -> tuple[State, Array]:
            weights, traces, v, before = carry
            x, rate = now
            heard = jnp.where(there[:, :, None], before[source], 0.0)
            v = decay * v + x + jnp.sum(weights * heard, axis=0)
            fires = v > theta
            spikes = fires.astype(v.dtype)
            v = jnp.where(fires, v - theta, v)
            traces = keep * traces + heard * spikes[None]
            rate = rate[None, None]
            moved = jnp.clip(weights + rate * traces, -limit, limit)
            weights = jnp.where(rate != 0, moved, weights)
            return (weights, traces, v, spikes), spikes

        (weights, traces, v, _), spikes = lax.scan(
            step, (weights, traces, v, spikes), (x, rate)
        )
        return tuple(jnp.moveaxis(a, -1, 0) for a in (spikes, weights, traces, v))

    pick = lambda matrix: jnp.where(there[None], matrix[:, source, column], 0.0)
    put = lambda matrix, rows: matrix.at[:, source[there], column[there]].set(
        rows[:, there]
    )
    lives = jnp.swapaxes(x, 0, 1), jnp.swapaxes(rate, 0, 1)
    start = pick(weights), pick(traces), v, spikes
    new, w_rows, e_rows, v = _in_chunks(few, (*start, *lives))
    return jnp.swapaxes(new, 0, 1), put(weights, w_rows), put(traces, e_rows), v


def _in_chunks(
    few: Callable[[tuple[Array, ...]], tuple[Array, ...]], arrays: tuple[Array, ...]
) -> tuple[Array, ...]:
    """`few` over the leading axis, CHUNK at a time; the last chunk is filled up."""
    count = arrays[0].shape[0]

    def split(array: Array) -> Array:
        padding = [(0, -count % CHUNK)] + [(0, 0)] * (array.ndim - 1)
        return jnp.pad(array, padding).reshape(-1, CHUNK, *array.shape[1:])

    out = lax.map(few, jax.tree.map(split, arrays))
    return jax.tree.map(lambda a: a.reshape(-1, *a.shape[2:])[:count], out)
