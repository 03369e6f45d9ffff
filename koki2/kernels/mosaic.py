"""mosaic: what our Mosaic GPU kernels share: launch, tiles, products, `vmap`.

A program here is one warpgroup (128 threads) of a Hopper GPU. Matrices come into shared
memory by the copy engine, laid out as the tensor cores read them; sums stay in
registers, in float32. Needs JAX >= 0.11: see `dispatch.no_mosaic`.
"""

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
from jax import lax
from jax.custom_batching import custom_vmap
from jax.experimental import pallas as pl
from jax.experimental.pallas import mosaic_gpu as plgpu
from jax.typing import DTypeLike

from koki2.core.types import Array

MATRIX = plgpu.Layout.WGMMA
"""How an accumulator lies in the registers."""
ROWS, COLUMNS = MATRIX.reduce(1), MATRIX.reduce(0)
"""How a vector lies there with a number per row of a matrix, and per column."""
Scratch = pl.MemoryRef | plgpu.ACC | plgpu.Barrier
"""Memory that each program has to itself, before it is allocated."""


@runtime_checkable
class Layout(Protocol):
    """Which thread holds which number of an array in registers."""

    def reduce(self, axes: int | tuple[int, ...]) -> "Layout": ...


@runtime_checkable
class Tile(Protocol):
    """Memory that a program reads and writes: a reference, or a view of one."""

    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def dtype(self) -> jnp.dtype: ...
    @property
    def at(self) -> "Views": ...
    def transpose(self, axes: tuple[int, ...]) -> "Tile": ...
    def __getitem__(self, index: object) -> Array: ...
    def __setitem__(self, index: object, value: Array) -> None: ...


class Views(Protocol):
    """`tile.at`: parts of a tile, without reading them."""

    def __getitem__(self, index: object) -> Tile: ...


def launch(
    program: Callable[..., None],
    grid: dict[str, int],
    out: jax.ShapeDtypeStruct | tuple[jax.ShapeDtypeStruct, ...],
    scratch: Sequence[Scratch | None],
    interpret: bool,
) -> Callable[..., Any]:
    """The kernel: a function of device arrays that runs `program` all over the grid.

    Args:
      program: of references to inputs, outputs and scratch, in that order. Its name
        is the kernel's.
      grid: size of each axis, slowest first; `place` finds a program on it.
      out: shapes of the outputs.
      scratch: what each program has to itself.
      interpret: runs it on a CPU step by step, and prints "RACE DETECTED" where two
        accesses of shared memory have no order.
    """
    return plgpu.kernel(
        functools.wraps(program)(lambda *refs: program(_place(grid), *refs)),
        out_type=out,
        scratch_types=scratch,
        grid=(math.prod(grid.values()),),  # the one axis that may be long
        grid_names=("program",),
        compiler_params=plgpu.CompilerParams(approx_math=True),
        interpret=plgpu.InterpretGPUParams(detect_races=True) if interpret else None,
    )


def _place(grid: dict[str, int]) -> tuple[Array, ...]:
    rest, place = lax.axis_index("program"), []
    for size in reversed(grid.values()):
        place.append(rest % size)
        rest = rest // size
    return tuple(reversed(place))


def matrix(shape: tuple[int, int], dtype: DTypeLike) -> Scratch:
    """Shared memory for a matrix that tensor cores read."""
    return plgpu.SMEM(shape, dtype, transforms=swizzled(shape[1], dtype))


def vector(size: int) -> Scratch:
    """Shared memory for float32 numbers."""
    return plgpu.SMEM((size,), jnp.float32)


def stage(shape: tuple[int, int], dtype: DTypeLike, interpret: bool) -> Scratch | None:
    """Scratch for `operand`: none on a GPU."""
    return matrix(shape, dtype) if interpret else None


def swizzled(
    width: int, dtype: DTypeLike
) -> tuple[plgpu.TilingTransform, plgpu.SwizzleTransform]:
    """How rows of `width` must lie in shared memory for tensor cores to read them."""
    size = jnp.dtype(dtype).itemsize
    swizzle = plgpu.find_swizzle(width * size * 8)
    return plgpu.TilingTransform((8, swizzle // size)), plgpu.SwizzleTransform(swizzle)


def product(a: Array | Tile, b: Tile) -> Array:
    """a @ b in float32, by the tensor cores; `b` in shared memory."""

    def fill(total: Tile) -> Array:
        plgpu.wgmma(total, a, b)
        return total[...]

    return pl.run_scoped(fill, accumulator((a.shape[0], b.shape[1])))


def add_product(total: Tile, a: Array | Tile, b: Tile) -> None:
    """total += a @ b, within the accumulator."""
    plgpu.wgmma(total, a, b)
    plgpu.wgmma_wait(0)


def accumulator(shape: tuple[int, int]) -> Scratch:
    """Registers that hold a float32 sum of products; zero at first."""
    return plgpu.ACC(shape, jnp.float32)


def operand(x: Array, stage: Tile | None) -> Array | Tile:
    """Registers as the left factor of a product.

    The interpreter knows only factors in shared memory: there, and only there, `x`
    goes through `stage`.
    """
    if stage is None:
        return x
    stage[...] = x
    plgpu.commit_smem()
    return stage


def turned(tile: Tile) -> Tile:
    """The transpose of a matrix in shared memory, which costs nothing."""
    return tile.transpose((1, 0))


def spread(numbers: Array, size: int, axis: int) -> Array:
    """A vector along `axis` of a matrix, repeated `size` times along the other."""
    shape = (len(numbers), size) if axis == 0 else (size, len(numbers))
    return lax.broadcast_in_dim(numbers, shape, [axis])


def full(value: float, shape: tuple[int, ...], layout: Layout) -> Array:
    """Registers of one float32 number."""
    return plgpu.layout_cast(jnp.full(shape, value, jnp.float32), layout)


def count(shape: tuple[int, int], axis: int) -> Array:
    """0, 1, 2, ... along `axis` of a matrix."""
    return plgpu.broadcasted_iota(jnp.int32, shape, axis, layout=MATRIX)


def like(x: Array) -> jax.ShapeDtypeStruct:
    """The shape of `x`, for an output."""
    return jax.ShapeDtypeStruct(x.shape, x.dtype)


def folding(
    function: Callable[..., tuple[Array, ...]],
) -> Callable[..., tuple[Array, ...]]:
    """`function` of arrays with a batch in front; `vmap` over it makes that longer.

    All arguments and outputs have that batch. Not differentiable: goes inside a
    `custom_vjp`.

    Example:
      >>> twice = folding(lambda x, y: (x + y,))
      >>> x, y = jnp.ones((3, 2, 5)), jnp.ones((2, 5))
      >>> jax.vmap(twice, in_axes=(0, None))(x, y)[0].shape
      (3, 2, 5)
    """
    folded = custom_vmap(function)

    @folded.def_vmap
    def _(
        size: int, batched: Sequence[bool], *arrays: Array
    ) -> tuple[tuple[Array, ...], tuple[bool, ...]]:
        whole = lambda x, has: x if has else jnp.broadcast_to(x[None], (size, *x.shape))
        same = map(whole, arrays, batched)
        outs = folded(*(x.reshape(-1, *x.shape[2:]) for x in same))
        outs = tuple(x.reshape(size, -1, *x.shape[1:]) for x in outs)
        return outs, (True,) * len(outs)

    return folded
