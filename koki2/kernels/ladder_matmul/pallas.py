"""ladder_matmul on Hopper's tensor cores: y, and turned, the gradient of x.

One program per tile of 64 items and up to 128 columns. It walks along D with two sums
in registers: x w, and x a of the first adapter that is on in the tile; this middle is
masked, scaled, rounded and multiplied with b without leaving the program. More adapters
in a tile cost a walk each, without w; none is on, and it is x w alone. Sums have a
fixed order, and that of x w is the same whatever the levels.

The gradient of x is the same program: dx = dy w' + ((dy b') on scale) a', its factors
read where they are and turned by the tensor cores. The gradients of a, b, w and scale
are XLA's own products; those of a and b need the middle of all items at once, and
recompute it. Interpreted, the same programs run but for `mosaic.operand`.
"""

import functools
from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
from jax import lax
from jax.custom_batching import custom_vmap
from jax.experimental import pallas as pl
from jax.experimental.pallas import mosaic_gpu as plgpu
from jaxtyping import Array, Float, Int

from koki2.kernels import mosaic
from koki2.kernels.ladder_matmul.limits import BLOCK
from koki2.kernels.ladder_matmul.reference import ranks_on
from koki2.kernels.mosaic import add_product, operand, product, spread, Tile, turned

Place = tuple[Array, ...]  # of a program in its grid, or of a step in its walk


@functools.partial(jax.custom_vjp, nondiff_argnums=(7,))
def ladder_matmul(
    x: Float[Array, "N D"],
    w: Float[Array, "D O"],
    a: Float[Array, "M D R"],
    b: Float[Array, "M R O"],
    level: Int[Array, " N"],
    adapter: Int[Array, " N"],
    scale: Float[Array, " N"],
    interpret: bool,
) -> Float[Array, "N O"]:
    """See the door; [M, D, R], [M, R, O] and a number per item."""
    return _products(False, interpret)(x, w, a, b, level, adapter, scale)


def _ahead(
    x: Float[Array, "N D"],
    w: Float[Array, "D O"],
    a: Float[Array, "M D R"],
    b: Float[Array, "M R O"],
    level: Int[Array, " N"],
    adapter: Int[Array, " N"],
    scale: Float[Array, " N"],
    interpret: bool,
) -> tuple[Float[Array, "N O"], tuple[Array, ...]]:
    saved = x, w, a, b, level, adapter, scale
    return ladder_matmul(*saved, interpret), saved


def _back(
    interpret: bool, saved: tuple[Array, ...], dy: Float[Array, "N O"]
) -> tuple[Array | None, ...]:
    x, w, a, b, level, adapter, scale = saved
    dx = _products(True, interpret)(dy, w, a, b, level, adapter, scale)

    def einsum(formula: str, *factors: Array) -> Array:
        if interpret:  # a CPU has not every product of bfloat16 under vmap; same sums
            factors = tuple(y.astype(jnp.float32) for y in factors)
        return jnp.einsum(formula, *factors, preferred_element_type=jnp.float32)

    on = ranks_on(level, adapter, a)
    middle = jnp.where(on, einsum("nd,mdr->nmr", x, a), 0.0)
    d_middle = jnp.where(on, einsum("no,mro->nmr", dy, b), 0.0)
    scaled = lambda y: (y * scale[:, None, None]).astype(x.dtype)
    return (
        dx,
        einsum("nd,no->do", x, dy).astype(w.dtype),
        einsum("nd,nmr->mdr", x, scaled(d_middle)).astype(a.dtype),
        einsum("nmr,no->mro", scaled(middle), dy).astype(b.dtype),
        None,
        None,
        jnp.sum(middle * d_middle, axis=(1, 2)),
    )


ladder_matmul.defvjp(_ahead, _back)


def _products(turn: bool, interpret: bool) -> Callable[..., Array]:
    """The kernel of [N, D], [D, O], ...; `vmap` over it makes that one launch, too.

    Inside is a group in front of all, whose members share no factor: batches of w make
    more groups, else batches of items make more items, and of adapters more adapters.
    """

    @custom_vmap
    def grouped(*arrays: Array) -> Array:
        return _launch(arrays, turn, interpret)

    @grouped.def_vmap
    def _(size: int, batched: Sequence[bool], *arrays: Array) -> tuple[Array, bool]:
        whole = lambda y, has: y if has else jnp.broadcast_to(y[None], (size, *y.shape))
        x, w, a, b, level, adapter, scale = arrays
        if batched[1]:
            every = map(whole, arrays, batched)
            y = grouped(*(z.reshape(-1, *z.shape[2:]) for z in every))
            return y.reshape(size, -1, *y.shape[1:]), True
        x, level, adapter, scale = map(
            whole, (x, level, adapter, scale), (batched[0], *batched[4:])
        )
        if batched[2] or batched[3]:
            a, b = whole(a, batched[2]), whole(b, batched[3])
            count = a.shape[2]
            none = (adapter < 0) | (adapter >= count)
            first = jnp.arange(size, dtype=jnp.int32)[:, None, None] * count
            adapter = jnp.where(none, -1, adapter + first)
            a, b = _joined(a), _joined(b)
        y = grouped(_joined(x), w, a, b, *map(_joined, (level, adapter, scale)))
        y = y.reshape(y.shape[0], size, -1, y.shape[2])
        return jnp.moveaxis(y, 1, 0), True

    return lambda *arrays: grouped(*(y[None] for y in arrays))[0]


def _joined(y: Array) -> Array:
    """[batch, group, n, ...] -> [group, batch n, ...]."""
    y = jnp.moveaxis(y, 0, 1)
    return y.reshape(y.shape[0], -1, *y.shape[3:])


def _launch(arrays: tuple[Array, ...], turn: bool, interpret: bool) -> Array:
    """[G, N, D], [G, D, O], [G, M, D, R], [G, M, R, O], and [G, N] thrice -> y.

    Turned, x is dy [G, N, O] and y is dx: w has its sides exchanged, a and b their
    roles. Both of these lie with R first, so that the other side, in tiles of 64,
    is swizzled like x: the two factors of a product have to be.
    """
    x, w, a, b, level, adapter, scale = arrays
    groups, items, inner = x.shape
    adapters, ranks, dtype = a.shape[1], a.shape[3], x.dtype
    outer = w.shape[1 if turn else 2]
    a = a.swapaxes(2, 3)  # a copy, as small as an adapter
    down, up = (b, a) if turn else (a, b)
    width = 128 if outer % 128 == 0 else BLOCK
    steps = 3 if ranks <= 32 else 2  # two programs fit a multiprocessor, if R < 128
    side = lambda *sizes: sizes[::-1] if turn else sizes
    face = turned if turn else lambda tile: tile
    few = mosaic.swizzled(min(ranks, BLOCK), dtype)  # as far as a sum over R goes
    limit = jnp.where((adapter >= 0) & (adapter < adapters), level, 0)
    visits, count = _visits(limit, adapter, adapters)

    def ladder_matmul_forward(
        place: Place,
        x_all: Tile,
        w_all: Tile,
        down_all: Tile,
        up_all: Tile,
        limit_all: Tile,
        adapter_all: Tile,
        scale_all: Tile,
        visits_all: Tile,
        count_all: Tile,
        y_all: Tile,
        limits: Tile,
        mine: Tile,
        scales: Tile,
        up_tile: Tile,
        y: Tile,
        stage: Tile | None,
        ready: Tile,
        ready_up: Tile,
    ) -> None:
        g, i, j = place
        rows, columns = pl.ds(i * BLOCK, BLOCK), pl.ds(j * width, width)
        plgpu.copy_gmem_to_smem(limit_all.at[g, rows], limits, ready)
        plgpu.copy_gmem_to_smem(adapter_all.at[g, rows], mine, ready)
        plgpu.copy_gmem_to_smem(scale_all.at[g, rows], scales, ready)
        plgpu.barrier_wait(ready)

        tile = lambda shape, index: plgpu.BlockSpec(
            (None,) * (len(index(0)) - 2) + shape,
            index,
            transforms=mosaic.swizzled(shape[1], dtype),
        )
        x_tiles = tile((BLOCK, BLOCK), lambda k: (g, i, k))
        w_tiles = tile(side(BLOCK, width), lambda k: (g, *side(k, j)))
        down_tiles = lambda m: tile((ranks, BLOCK), lambda k: (g, m, 0, k))

        def walk(
            sums: list[Tile],
            tiles: list[plgpu.BlockSpec],
            factors: list[Tile],
            faces: list[Callable[[Tile], Tile]],
        ) -> None:
            """Each of `sums` += x times its factor, tile by tile."""

            def step(index: Place, x_tile: Tile, *factor_tiles: Tile) -> None:
                for total, tile, face in zip(sums, factor_tiles, faces, strict=True):
                    plgpu.wgmma(total, x_tile, face(tile))
                plgpu.wgmma_wait(len(sums))  # those of the step before

            specs = [
                plgpu.BlockSpec(
                    s.block_shape, s.index_map, transforms=s.transforms, delay_release=1
                )
                for s in (x_tiles, *tiles)
            ]
            plgpu.emit_pipeline(
                step,
                grid=(inner // BLOCK,),
                in_specs=specs,
                max_concurrent_steps=steps,
            )(x_all, *factors)
            plgpu.wgmma_wait(0)

        def begin(m: Array) -> None:
            """The copy of the other factor of adapter `m`, under way."""
            plgpu.copy_gmem_to_smem(up_all.at[g, m, :, columns], up_tile, ready_up)

        def rounded(middle: Array, m: Array) -> Array | Tile:
            """What of the middle is on, times scale, as a factor of a product."""
            of = lambda ref: plgpu.load(ref, layout=mosaic.ROWS)
            on = jnp.where(of(mine) == m, of(limits), 0)
            here = mosaic.count((BLOCK, ranks), 1) < spread(on, ranks, 0)
            middle = middle * spread(of(scales), ranks, 0)
            return operand(jnp.where(here, middle, 0.0).astype(dtype), stage)

        whole, thin = (mosaic.accumulator((BLOCK, n)) for n in (width, ranks))

        def host() -> Array:
            def fill(total: Tile) -> Array:
                walk([total], [w_tiles], [w_all], [face])
                return total[...]

            return pl.run_scoped(fill, whole)

        def host_and_first() -> Array:
            m = visits_all[g, i, 0]
            begin(m)

            def fill(total: Tile, middle: Tile) -> Array:
                tiles, factors = [w_tiles, down_tiles(m)], [w_all, down_all]
                walk([total, middle], tiles, factors, [face, turned])
                factor = rounded(middle[...], m)
                plgpu.barrier_wait(ready_up)
                add_product(total, factor, up_tile)
                return total[...]

            return pl.run_scoped(fill, whole, thin)

        def and_next(v: Array, total: Array) -> Array:
            m = visits_all[g, i, v]
            begin(m)

            def fill(middle: Tile) -> Array:
                walk([middle], [down_tiles(m)], [down_all], [turned])
                return middle[...]

            factor = rounded(pl.run_scoped(fill, thin), m)
            plgpu.barrier_wait(ready_up)
            return total + product(factor, up_tile)

        visited = count_all[g, i]
        total = lax.cond(visited == 0, host, host_and_first)
        if adapters > 1:
            total = lax.fori_loop(1, visited, and_next, total)
        y[...] = total.astype(dtype)
        plgpu.commit_smem()
        plgpu.copy_smem_to_gmem(y, y_all.at[g, rows, columns])
        plgpu.wait_smem_to_gmem(0)

    numbers = plgpu.SMEM((BLOCK,), jnp.int32)
    if turn:
        ladder_matmul_forward.__name__ = "ladder_matmul_dx"
    return mosaic.launch(
        ladder_matmul_forward,
        {"group": groups, "rows": items // BLOCK, "columns": outer // width},
        jax.ShapeDtypeStruct((groups, items, outer), dtype),
        [
            numbers,
            numbers,
            mosaic.vector(BLOCK),
            plgpu.SMEM((ranks, width), dtype, transforms=few),
            mosaic.matrix((BLOCK, width), dtype),
            mosaic.stage((BLOCK, ranks), dtype, interpret),
            plgpu.Barrier(num_arrivals=3),
            plgpu.Barrier(),
        ],
        interpret,
    )(x, w, down, up, limit, adapter, scale, visits, count)


def _visits(
    limit: Int[Array, "G N"], adapter: Int[Array, "G N"], adapters: int
) -> tuple[Int[Array, "G tiles M"], Int[Array, "G tiles"]]:
    """Which adapters are on in each tile, first ones first, and how many."""
    tiles = (limit.shape[0], -1, BLOCK, 1)
    mine = adapter.reshape(tiles) == jnp.arange(adapters)[None, None, None]
    present = (mine & (limit.reshape(tiles) > 0)).any(axis=2)
    visits = jnp.argsort(~present, axis=2, stable=True).astype(jnp.int32)
    return visits, present.sum(axis=2, dtype=jnp.int32)
