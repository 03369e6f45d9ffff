"""correlation on Hopper's tensor cores: a program per two tiles of rows.

It walks along D and multiplies the sums with both rows' 1 / length, which XLA has from
one look at the matrix. Programs above the diagonal leave at once: XLA copies what is
below, in one pass over the result, so that symmetry is exact by construction.
The gradient is the reference's: two plain products of an M x M matrix that there is
anyway.
"""

import functools

import jax
import jax.numpy as jnp
from jax.experimental import pallas as pl
from jax.experimental.pallas import mosaic_gpu as plgpu
from jaxtyping import Array, Float

from koki2.kernels import mosaic
from koki2.kernels.correlation import reference
from koki2.kernels.correlation.limits import BLOCK
from koki2.kernels.mosaic import spread, Tile, turned

STEPS = 3  # tiles in flight


@functools.partial(jax.custom_vjp, nondiff_argnums=(1,))
def correlation(x: Float[Array, "M D"], interpret: bool) -> Float[Array, "M M"]:
    """See the door."""
    rows, inverse, diagonal = reference.scaled(x)
    run = lambda x, inverse: (_launch(x, inverse, interpret),)
    (out,) = mosaic.folding(run)(rows[None], inverse[None])
    below = jnp.arange(len(x))[:, None] > jnp.arange(len(x))[None]
    out = jnp.clip(jnp.where(below, out[0], out[0].T), -1.0, 1.0)
    return jnp.where(jnp.eye(len(x), dtype=bool), diagonal[:, None], out)


def _ahead(
    x: Float[Array, "M D"], interpret: bool
) -> tuple[Float[Array, "M M"], Float[Array, "M D"]]:
    return correlation(x, interpret), x


def _back(
    interpret: bool, x: Float[Array, "M D"], d_out: Float[Array, "M M"]
) -> tuple[Float[Array, "M D"]]:
    return jax.vjp(reference.correlation, x)[1](d_out)


correlation.defvjp(_ahead, _back)


def _launch(
    x: Float[Array, "B M D"], inverse: Float[Array, "B M"], interpret: bool
) -> Float[Array, "B M M"]:
    """[B, M, D], [B, M] -> [B, M, M]; tiles above the diagonal are not written."""
    (batch, length, inner), dtype = x.shape, x.dtype
    size = 128 if length % 128 == 0 else BLOCK
    square = (size, size)

    def correlation_tile(
        place: tuple[Array, ...],
        x_all: Tile,
        inverse_all: Tile,
        out_all: Tile,
        *scratch: Tile,
    ) -> None:
        tile, of_rows, of_columns, ready = scratch
        b, i, j = place

        @pl.when(i >= j)
        def _() -> None:
            rows, columns = (pl.ds(n * size, size) for n in (i, j))
            plgpu.copy_gmem_to_smem(inverse_all.at[b, rows], of_rows, ready)
            plgpu.copy_gmem_to_smem(inverse_all.at[b, columns], of_columns, ready)

            def walk(total: Tile) -> Array:
                def step(
                    index: tuple[Array, ...], x_rows: Tile, x_columns: Tile
                ) -> None:
                    plgpu.wgmma(total, x_rows, turned(x_columns))
                    plgpu.wgmma_wait(1)  # that of the step before

                tiles = lambda n: plgpu.BlockSpec(
                    (None, size, BLOCK),
                    lambda k: (b, n, k),
                    transforms=mosaic.swizzled(BLOCK, dtype),
                    delay_release=1,
                )
                plgpu.emit_pipeline(
                    step,
                    grid=(inner // BLOCK,),
                    in_specs=[tiles(i), tiles(j)],
                    max_concurrent_steps=STEPS,
                )(x_all, x_all)
                return total[...]

            total = pl.run_scoped(walk, mosaic.accumulator(square))
            plgpu.barrier_wait(ready)
            by_row = plgpu.load(of_rows, layout=mosaic.ROWS)
            by_column = plgpu.load(of_columns, layout=mosaic.COLUMNS)
            total = total * spread(by_row, size, 0) * spread(by_column, size, 1)
            tile[...] = total
            plgpu.commit_smem()
            plgpu.copy_smem_to_gmem(tile, out_all.at[b, rows, columns])
            plgpu.wait_smem_to_gmem(0)

    numbers = mosaic.vector(size)
    return mosaic.launch(
        correlation_tile,
        {"batch": batch, "rows": length // size, "columns": length // size},
        jax.ShapeDtypeStruct((batch, length, length), jnp.float32),
        [
            plgpu.SMEM(square, jnp.float32),
            numbers,
            numbers,
            plgpu.Barrier(num_arrivals=2),
        ],
        interpret,
    )(x, inverse)
