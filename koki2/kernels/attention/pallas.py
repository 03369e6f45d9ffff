"""attention on Hopper's tensor cores: forward, dq and dk/dv, a kernel each.

One program per tile of 64 queries (dk/dv: of 64 keys) of one head. It walks over the
tiles of the other side, which the copy engine brings two steps ahead, and skips those
that the causal mask hides. Saved for the backward pass: the output, and `lse`, log2 of
the softmax's denominator. Logits are kept times log2(e): every exponential is an exp2.
Sums have a fixed order, so equal inputs give equal bits.

Interpreted, the same programs run but for one thing: see `mosaic.operand`.
"""

import functools
import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax.experimental import pallas as pl
from jax.experimental.pallas import mosaic_gpu as plgpu
from jax.typing import DTypeLike
from jaxtyping import Array, Float

from koki2.kernels import mosaic
from koki2.kernels.attention.limits import BLOCK
from koki2.kernels.mosaic import add_product, operand, product, spread, Tile, turned

STEPS = 2  # tiles of the other side in flight
LOG2E = math.log2(math.e)
SQUARE = (BLOCK, BLOCK)
Place = tuple[Array, ...]  # of a program in its grid, or of a step in its walk


@functools.partial(jax.custom_vjp, nondiff_argnums=(3, 4, 5))
def attention(
    q: Float[Array, "B T H K"],
    k: Float[Array, "B T G K"],
    v: Float[Array, "B T G K"],
    causal: bool,
    scale: float,
    interpret: bool,
) -> Float[Array, "B T H K"]:
    """See the door."""
    return _ahead(q, k, v, causal, scale, interpret)[0]


def _ahead(
    q: Float[Array, "B T H K"],
    k: Float[Array, "B T G K"],
    v: Float[Array, "B T G K"],
    causal: bool,
    scale: float,
    interpret: bool,
) -> tuple[Float[Array, "B T H K"], Float[Array, "B H T"]]:
    run = lambda *arrays: _forward(arrays, causal, scale, interpret)
    out, lse = mosaic.folding(run)(q, k, v)
    return out, lse


def _attention_forward(
    q: Float[Array, "B T H K"],
    k: Float[Array, "B T G K"],
    v: Float[Array, "B T G K"],
    causal: bool,
    scale: float,
    interpret: bool,
) -> tuple[Float[Array, "B T H K"], tuple[Array, ...]]:
    out, lse = _ahead(q, k, v, causal, scale, interpret)
    return out, (q, k, v, out, lse)


def _attention_backward(
    causal: bool,
    scale: float,
    interpret: bool,
    saved: tuple[Array, ...],
    d_out: Float[Array, "B T H K"],
) -> tuple[Array, ...]:
    def backward(
        q: Array, k: Array, v: Array, out: Array, lse: Array, d_out: Array
    ) -> tuple[Array, ...]:
        agree = out.astype(jnp.float32) * d_out.astype(jnp.float32)
        drift = agree.sum(axis=3).swapaxes(1, 2)  # [B, H, T]: the softmax sums to one
        arrays = q, k, v, d_out, lse, drift
        d_queries = _d_queries(arrays, causal, scale, interpret)
        return d_queries, *_d_keys(arrays, causal, scale, interpret)

    return mosaic.folding(backward)(*saved, d_out)


attention.defvjp(_attention_forward, _attention_backward)


def _forward(
    arrays: tuple[Array, ...], causal: bool, scale: float, interpret: bool
) -> tuple[Array, ...]:
    """q, k, v -> out, lse."""
    q, k, v = arrays
    (batch, length, heads, width), dtype = q.shape, q.dtype
    tiles, shared_by = length // BLOCK, heads // k.shape[2]

    def attention_forward(
        place: Place,
        q_all: Tile,
        k_all: Tile,
        v_all: Tile,
        out_all: Tile,
        lse_all: Tile,
        q_tile: Tile,
        lse: Tile,
        stage: Tile | None,
        ready: Tile,
    ) -> None:
        b, h, i = place
        rows = pl.ds(i * BLOCK, BLOCK)
        plgpu.copy_gmem_to_smem(q_all.at[b, rows, h], q_tile, ready)
        plgpu.barrier_wait(ready)

        def step(
            index: Place, k_tile: Tile, v_tile: Tile, carry: tuple[Array, ...]
        ) -> tuple[Array, ...]:
            total, top, norm = carry
            logits = product(q_tile, turned(k_tile)) * (scale * LOG2E)
            if causal:
                logits = _masked(logits, i, index[0], 0)
            higher = jnp.maximum(top, logits.max(axis=1))
            shrink = jnp.exp2(top - higher)
            weights = jnp.exp2(logits - spread(higher, BLOCK, 0))
            norm = norm * shrink + weights.sum(axis=1)
            new = product(operand(weights.astype(dtype), stage), v_tile)
            return total * spread(shrink, width, 0) + new, higher, norm

        keys = _tiles(width, dtype, lambda j: (b, j, h // shared_by, 0))
        total, top, norm = plgpu.emit_pipeline(
            step,
            grid=(i + 1 if causal else tiles,),
            in_specs=[keys, keys],
            max_concurrent_steps=STEPS,
            init_carry=(
                mosaic.full(0.0, (BLOCK, width), mosaic.MATRIX),
                mosaic.full(-jnp.inf, (BLOCK,), mosaic.ROWS),
                mosaic.full(0.0, (BLOCK,), mosaic.ROWS),
            ),
        )(k_all, v_all)
        q_tile[...] = (total / spread(norm, width, 0)).astype(dtype)
        lse[...] = top + jnp.log(norm) * LOG2E
        plgpu.commit_smem()
        plgpu.copy_smem_to_gmem(q_tile, out_all.at[b, rows, h])
        plgpu.copy_smem_to_gmem(lse, lse_all.at[b, h, rows])
        plgpu.wait_smem_to_gmem(0)

    return mosaic.launch(
        attention_forward,
        {"batch": batch, "head": heads, "tile": tiles},
        (mosaic.like(q), jax.ShapeDtypeStruct((batch, heads, length), jnp.float32)),
        [
            mosaic.matrix((BLOCK, width), dtype),
            mosaic.vector(BLOCK),
            mosaic.stage(SQUARE, dtype, interpret),
            plgpu.Barrier(),
        ],
        interpret,
    )(*arrays)


def _d_queries(
    arrays: tuple[Array, ...], causal: bool, scale: float, interpret: bool
) -> Float[Array, "B T H K"]:
    """Gradient of q: a tile of queries walks over the keys that it saw."""
    q, k = arrays[:2]
    (batch, length, heads, width), dtype = q.shape, q.dtype
    tiles, shared_by = length // BLOCK, heads // k.shape[2]

    def attention_d_queries(
        place: Place,
        q_all: Tile,
        k_all: Tile,
        v_all: Tile,
        do_all: Tile,
        lse_all: Tile,
        drift_all: Tile,
        dq_all: Tile,
        q_tile: Tile,
        do_tile: Tile,
        lse: Tile,
        drift: Tile,
        stage: Tile | None,
        ready: Tile,
    ) -> None:
        b, h, i = place
        rows = pl.ds(i * BLOCK, BLOCK)
        plgpu.copy_gmem_to_smem(q_all.at[b, rows, h], q_tile, ready)
        plgpu.copy_gmem_to_smem(do_all.at[b, rows, h], do_tile, ready)
        plgpu.copy_gmem_to_smem(lse_all.at[b, h, rows], lse, ready)
        plgpu.copy_gmem_to_smem(drift_all.at[b, h, rows], drift, ready)
        plgpu.barrier_wait(ready)
        lse_rows = spread(plgpu.load(lse, layout=mosaic.ROWS), BLOCK, 0)
        drift_rows = spread(plgpu.load(drift, layout=mosaic.ROWS), BLOCK, 0)

        def step(total: Tile, index: Place, k_tile: Tile, v_tile: Tile) -> None:
            logits = product(q_tile, turned(k_tile)) * (scale * LOG2E)
            if causal:
                logits = _masked(logits, i, index[0], 0)
            weights = jnp.exp2(logits - lse_rows)
            d_weights = product(do_tile, turned(v_tile))
            d_logits = weights * (d_weights - drift_rows)
            add_product(total, operand(d_logits.astype(dtype), stage), k_tile)

        keys = _tiles(width, dtype, lambda j: (b, j, h // shared_by, 0))

        def walk(total: Tile) -> Array:
            plgpu.emit_pipeline(
                functools.partial(step, total),
                grid=(i + 1 if causal else tiles,),
                in_specs=[keys, keys],
                max_concurrent_steps=STEPS,
            )(k_all, v_all)
            return total[...]

        total = pl.run_scoped(walk, mosaic.accumulator((BLOCK, width)))
        q_tile[...] = (total * scale).astype(dtype)
        plgpu.commit_smem()
        plgpu.copy_smem_to_gmem(q_tile, dq_all.at[b, rows, h])
        plgpu.wait_smem_to_gmem(0)

    tile, vector = mosaic.matrix((BLOCK, width), dtype), mosaic.vector(BLOCK)
    stage = mosaic.stage(SQUARE, dtype, interpret)
    return mosaic.launch(
        attention_d_queries,
        {"batch": batch, "head": heads, "tile": tiles},
        mosaic.like(q),
        [tile, tile, vector, vector, stage, plgpu.Barrier(num_arrivals=4)],
        interpret,
    )(*arrays)


def _d_keys(
    arrays: tuple[Array, ...], causal: bool, scale: float, interpret: bool
) -> tuple[Array, ...]:
    """Gradients of k and v: a tile of keys walks over the queries that saw it.

    All is turned, keys down and queries across; the query heads that share the keys
    come one after the other, so that no sum is left to do outside.
    """
    q, k, v = arrays[:3]
    (batch, length, groups, width), dtype = k.shape, k.dtype
    tiles, shared_by = length // BLOCK, q.shape[2] // groups

    def attention_d_keys(
        place: Place,
        q_all: Tile,
        k_all: Tile,
        v_all: Tile,
        do_all: Tile,
        lse_all: Tile,
        drift_all: Tile,
        dk_all: Tile,
        dv_all: Tile,
        k_tile: Tile,
        v_tile: Tile,
        stage: Tile | None,
        ready: Tile,
    ) -> None:
        b, g, j = place
        rows = pl.ds(j * BLOCK, BLOCK)
        plgpu.copy_gmem_to_smem(k_all.at[b, rows, g], k_tile, ready)
        plgpu.copy_gmem_to_smem(v_all.at[b, rows, g], v_tile, ready)
        plgpu.barrier_wait(ready)
        first = j if causal else 0  # the first tile of queries that saw this one

        def step(
            dk: Tile,
            dv: Tile,
            index: Place,
            q_tile: Tile,
            do_tile: Tile,
            lse: Tile,
            drift: Tile,
        ) -> None:
            logits = product(k_tile, turned(q_tile)) * (scale * LOG2E)
            if causal:
                logits = _masked(logits, first + index[1], j, 1)
            lse_columns = spread(plgpu.load(lse, layout=mosaic.COLUMNS), BLOCK, 1)
            drift_columns = spread(plgpu.load(drift, layout=mosaic.COLUMNS), BLOCK, 1)
            weights = jnp.exp2(logits - lse_columns)
            add_product(dv, operand(weights.astype(dtype), stage), do_tile)
            d_weights = product(v_tile, turned(do_tile))
            d_logits = weights * (d_weights - drift_columns)
            add_product(dk, operand(d_logits.astype(dtype), stage), q_tile)

        head = lambda r: g * shared_by + r
        queries = _tiles(width, dtype, lambda r, i: (b, first + i, head(r), 0))
        numbers = plgpu.BlockSpec(
            (None, None, BLOCK), lambda r, i: (b, head(r), first + i)
        )

        def walk(dk: Tile, dv: Tile) -> tuple[Array, Array]:
            plgpu.emit_pipeline(
                functools.partial(step, dk, dv),
                grid=(shared_by, tiles - first),
                in_specs=[queries, queries, numbers, numbers],
                max_concurrent_steps=STEPS,
            )(q_all, do_all, lse_all, drift_all)
            return dk[...], dv[...]

        total = mosaic.accumulator((BLOCK, width))
        dk, dv = pl.run_scoped(walk, total, total)
        k_tile[...] = (dk * scale).astype(dtype)
        v_tile[...] = dv.astype(dtype)
        plgpu.commit_smem()
        plgpu.copy_smem_to_gmem(k_tile, dk_all.at[b, rows, g])
        plgpu.copy_smem_to_gmem(v_tile, dv_all.at[b, rows, g])
        plgpu.wait_smem_to_gmem(0)

    tile, stage = (
        mosaic.matrix((BLOCK, width), dtype),
        mosaic.stage(SQUARE, dtype, interpret),
    )
    return mosaic.launch(
        attention_d_keys,
        {"batch": batch, "head": groups, "tile": tiles},
        (mosaic.like(k), mosaic.like(v)),
        [tile, tile, stage, plgpu.Barrier(num_arrivals=2)],
        interpret,
    )(*arrays)


def _masked(logits: Array, query_tile: Array, key_tile: Array, queries: int) -> Array:
    """-inf where the key comes after the query; axis `queries` counts queries."""
    query = mosaic.count(SQUARE, queries) + query_tile * BLOCK
    key = mosaic.count(SQUARE, 1 - queries) + key_tile * BLOCK
    return jnp.where(key <= query, logits, -jnp.inf)


def _tiles(
    width: int, dtype: DTypeLike, index: Callable[..., tuple[Array | int, ...]]
) -> plgpu.BlockSpec:
    """Tiles of [B, T, heads, K], one after the other."""
    return plgpu.BlockSpec(
        (None, BLOCK, None, width), index, transforms=mosaic.swizzled(width, dtype)
    )
