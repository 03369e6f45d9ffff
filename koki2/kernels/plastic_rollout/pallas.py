"""plastic_rollout on chip: device memory sees each synapse once per life.

A program is a few agents, and a thread one of their neurons: it holds the weights and
traces of all synapses onto it in its registers, from birth to the end (of 128 neurons,
the traces in shared memory). Only what the senses bring, the learning rate and the
spikes pass by, eight steps at a time, brought two blocks ahead by the copy engine.
Spikes reach the other neurons through shared memory, in two places by turns, so that
one barrier per step is enough.
"""

import functools

import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.experimental import pallas as pl
from jax.experimental.pallas import mosaic_gpu as plgpu
from jaxtyping import Array, Bool, Float, Int

from koki2.kernels import mosaic
from koki2.kernels.mosaic import Layout, Tile
from koki2.kernels.plastic_rollout.limits import AGENTS, STEPS
from koki2.kernels.plastic_rollout.reference import Constants, Lives, Wiring

ROWS = 32  # presynaptic neurons handled at a time: the bits of a word of the wiring
AHEAD = 3  # blocks of steps in flight
Carry = tuple[tuple[Array, ...], tuple[Array, ...], Array]  # weights, traces, v


def plastic_rollout(
    weights: Float[Array, "P N N"],
    traces: Float[Array, "P N N"],
    v: Float[Array, "P N"],
    spikes: Float[Array, "P N"],
    x: Float[Array, "T P N"],
    rate: Float[Array, "T P"],
    wiring: Wiring,
    constants: Constants,
    interpret: bool,
) -> Lives:
    """See the door; `rate` is eta times the modulator, `wiring` None or NumPy."""
    neurons = x.shape[2]
    agents = AGENTS[neurons]
    words = () if wiring is None else (_words(wiring),)

    def run(*arrays: Array) -> tuple[Array, ...]:
        filled = tuple(_filled(array, agents) for array in arrays)
        outs = _run(filled, words, constants, interpret)
        return tuple(out[: arrays[0].shape[0]] for out in outs)

    # Agents in front, for `vmap` to make more of them.
    lives = jnp.swapaxes(x, 0, 1), jnp.swapaxes(rate, 0, 1)
    spikes, weights, traces, v = mosaic.folding(run)(weights, traces, v, spikes, *lives)
    return jnp.swapaxes(spikes, 0, 1), weights, traces, v


def _filled(array: Array, multiple: int) -> Array:
    """As many agents as whole programs hold; the new ones are zero."""
    missing = -array.shape[0] % multiple
    if not missing:
        return array
    return jnp.pad(array, [(0, missing)] + [(0, 0)] * (array.ndim - 1))


def _words(wiring: Bool[np.ndarray, "N N"]) -> Int[Array, "words N"]:
    """[N / 32, N]: bit r of word k of neuron n says whether 32 k + r speaks to it."""
    bits = wiring.reshape(-1, ROWS, wiring.shape[1]).astype(np.uint32)
    words = (bits << np.arange(ROWS, dtype=np.uint32)[None, :, None]).sum(axis=1)
    return jnp.asarray(words.astype(np.uint32).view(np.int32))


def _run(
    arrays: tuple[Array, ...],
    words: tuple[Array, ...],
    constants: Constants,
    interpret: bool,
) -> tuple[Array, ...]:
    decay, theta, keep, limit = constants
    population, length, neurons = arrays[4].shape
    agents = AGENTS[neurons]
    parts = neurons // ROWS
    on_chip = parts <= 2  # of traces: in registers, else in shared memory
    three = _layout(agents, neurons)  # of [agents, presynaptic, neurons]
    flat, heard_as, rate_as = three.reduce(1), three.reduce(2), three.reduce((1, 2))
    whole = (agents, ROWS, neurons)
    over = lambda array, *axes: lax.broadcast_in_dim(array, whole, axes)
    rows = [pl.ds(part * ROWS, ROWS) for part in range(parts)]

    def plastic_rollout(
        place: tuple[Array, ...],
        w_in: Tile,
        e_in: Tile,
        v_in: Tile,
        s_in: Tile,
        x_all: Tile,
        rate_all: Tile,
        s_all: Tile,
        w_out: Tile,
        e_out: Tile,
        v_out: Tile,
        spoken: Tile,
        shelf: Tile | None,
        words_in: Tile | None = None,
    ) -> None:
        (index,) = place
        mine = pl.ds(index * agents, agents)
        get = lambda ref, layout: plgpu.load(ref, layout=layout, optimized=False)

        weights = tuple(get(w_in.at[mine, r], three) for r in rows)
        traces = tuple(get(e_in.at[mine, r], three) for r in rows)
        if shelf is not None:
            for r, trace in zip(rows, traces, strict=True):
                shelf[:, r] = trace
            traces = ()
        spoken[1] = get(s_in.at[mine], flat)
        plgpu.commit_smem()
        gates = None
        if words_in is not None:
            gates = [get(words_in.at[p], three.reduce((0, 1))) for p in range(parts)]

        def heard(before: Tile, part: int) -> Array:
            """[agents, 32, N]: spikes of these presynaptic neurons, to all."""
            return over(plgpu.load(before.at[:, rows[part]], layout=heard_as), 0, 1)

        def step(
            t: Array, c: Array, carry: Carry, x_block: Tile, rate_block: Tile
        ) -> Carry:
            weights, traces, v = carry
            before, after = spoken.at[(c + 1) % 2], spoken.at[c % 2]
            v = decay * v + get(x_block.at[c], flat)
            total: Array | None = None
            for part, weight in enumerate(weights):
                more = jnp.sum(weight * heard(before, part), axis=1)
                total = more if total is None else total + more
            v = v + total
            fires = v > theta
            spike = jnp.where(fires, jnp.ones_like(v), jnp.zeros_like(v))
            v = jnp.where(fires, v - theta, v)
            s_all[t + c, mine] = spike
            after[...] = spike

            rate = over(get(rate_block.at[pl.ds(c * agents, agents)], rate_as), 0)
            bound = jnp.where(rate != 0.0, limit, jnp.inf)  # no event: w stays
            new_weights, new_traces = [], []
            for part, weight in enumerate(weights):
                now = over(spike, 0, 2)
                if gates is not None:
                    now = _gated(now, gates[part], three)
                if shelf is None:
                    trace = traces[part]
                else:
                    trace = get(shelf.at[:, rows[part]], three)
                trace = keep * trace + heard(before, part) * now
                moved = weight + rate * trace
                new_weights.append(jnp.minimum(jnp.maximum(moved, -bound), bound))
                if shelf is None:
                    new_traces.append(trace)
                else:
                    shelf[:, rows[part]] = trace
            plgpu.commit_smem()  # all neurons have spoken
            return tuple(new_weights), tuple(new_traces), v

        def block(
            place: tuple[Array, ...], x_block: Tile, rate_block: Tile, carry: Carry
        ) -> Carry:
            t = place[0] * STEPS
            one = lambda c, carry: step(t, c, carry, x_block, rate_block)
            return lax.fori_loop(0, STEPS, one, carry)

        sensed = plgpu.BlockSpec((STEPS, agents, neurons), lambda t: (t, index, 0))
        rates = plgpu.BlockSpec((None, STEPS * agents), lambda t: (index, t))
        weights, traces, v = plgpu.emit_pipeline(
            block,
            grid=(length // STEPS,),
            in_specs=[sensed, rates],
            max_concurrent_steps=AHEAD,
            init_carry=(weights, traces, get(v_in.at[mine], flat)),
        )(x_all, rate_all)

        for part, r in enumerate(rows):
            w_out[mine, r] = weights[part]
            e_out[mine, r] = (
                traces[part] if shelf is None else get(shelf.at[:, r], three)
            )
        v_out[mine] = v

    with_words = functools.wraps(plastic_rollout)(
        lambda place, *refs: plastic_rollout(
            place, *refs[:6], *refs[7:], words_in=refs[6]
        )
    )

    weights, traces, v, spikes, x, rate = arrays
    rate = rate.reshape(-1, agents, length).swapaxes(1, 2).reshape(-1, length * agents)
    number = jnp.float32
    x = jnp.swapaxes(x, 0, 1)
    spikes_by_step, *last = mosaic.launch(
        with_words if words else plastic_rollout,
        {"agents": population // agents},
        (mosaic.like(x), mosaic.like(weights), mosaic.like(traces), mosaic.like(v)),
        [
            plgpu.SMEM((2, agents, neurons), number),
            None if on_chip else plgpu.SMEM((agents, neurons, neurons), number),
        ],
        interpret,
    )(weights, traces, v, spikes, x, rate, *words)
    return jnp.swapaxes(spikes_by_step, 0, 1), *last


def _layout(agents: int, neurons: int) -> Layout:
    """Of [agents, presynaptic, neurons]: 128 threads, each a neuron of an agent."""
    if neurons == 32:
        tiles, warps = ((agents, 1, 32), (1,)), (-4,)
    else:
        tiles = (agents, 1, neurons), (32,), (1,)
        warps = (-5, -3) if agents > 1 else (-3,)
    return plgpu.Layout.TILED(plgpu.Tiling(tiles), warps, (-2,), -1)


def _gated(now: Array, word: Array, layout: Layout) -> Array:
    """`now`, where the word's bit says that there is a synapse; zero elsewhere."""
    bit = plgpu.broadcasted_iota(jnp.int32, now.shape, 1, layout=layout)
    word = lax.broadcast_in_dim(word, now.shape, (2,))
    return jnp.where((word >> bit) & 1 != 0, now, jnp.zeros_like(now))
