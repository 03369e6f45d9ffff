"""cases: every GPU kernel, at the sizes at which it is tested, compiled and timed.

One list, read by the tests (the tiny ones), by the compile lane (all) and by what
runs kernels on a GPU. A kernel that is not here is not proven.
"""

import math
from collections.abc import Callable
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp

from koki2.core.types import Array, Key
from koki2.kernels.attention import attention
from koki2.kernels.correlation import correlation
from koki2.kernels.dispatch import Implementation
from koki2.kernels.ladder_matmul import ladder_matmul

Outputs = Array | tuple[Array, ...]
Use = Literal["tiny", "bench"]
"""tiny: small enough to interpret on a CPU."""


class Case(NamedTuple):
    """A kernel at one size."""

    op: str  # the folder under `koki2/kernels`
    name: str  # unique within the op
    use: Use
    function: Callable[
        ..., Outputs
    ]  # the door: (*inputs, implementation=...) -> outputs
    inputs: Callable[[Key], tuple[Array, ...]]
    wrt: tuple[int, ...]  # which inputs have a gradient; empty: none has
    tolerance: float  # |twin - twin| allowed, per largest number of the reference


def forward(case: Case, implementation: Implementation) -> Callable[..., Outputs]:
    """inputs -> outputs."""
    return lambda *inputs: case.function(*inputs, implementation=implementation)


def backward(
    case: Case, implementation: Implementation
) -> Callable[..., tuple[Outputs, tuple[Array, ...]]]:
    """(cotangents, *inputs) -> outputs, gradients of the inputs `case.wrt`."""
    run = forward(case, implementation)

    def both(cotangents: Outputs, *inputs: Array) -> tuple[Outputs, tuple[Array, ...]]:
        def of_some(*some: Array) -> Outputs:
            whole = list(inputs)
            for place, x in zip(case.wrt, some, strict=True):
                whole[place] = x
            return run(*whole)

        outputs, back = jax.vjp(of_some, *(inputs[i] for i in case.wrt))
        return outputs, back(cotangents)

    return both


def shapes(case: Case) -> tuple[jax.ShapeDtypeStruct, ...]:
    """Of the inputs; costs nothing."""
    return jax.eval_shape(case.inputs, jax.random.key(0))


def cotangents(case: Case, key: Key) -> Outputs:
    """Random ones, like the outputs."""
    outputs, tree = jax.tree.flatten(
        jax.eval_shape(forward(case, "reference"), *shapes(case))
    )
    keys = jax.random.split(key, len(outputs))
    draw = lambda key, x: jax.random.normal(key, x.shape).astype(x.dtype)
    return jax.tree.unflatten(tree, map(draw, keys, outputs))


def _attention(
    name: str,
    use: Use,
    batch: int,
    length: int,
    heads: int,
    groups: int,
    width: int,
    causal: bool,
) -> Case:
    def inputs(key: Key) -> tuple[Array, ...]:
        keys = jax.random.split(key, 3)
        draw = lambda key, n: jax.random.normal(
            key, (batch, length, n, width), jnp.bfloat16
        )
        return tuple(map(draw, keys, (heads, groups, groups)))

    run = lambda q, k, v, implementation: attention(
        q, k, v, causal=causal, implementation=implementation
    )
    # Two or three roundings to bfloat16 (2^-9 each) stand between the twins.
    return Case("attention", name, use, run, inputs, (0, 1, 2), 2**-6)


def _ladder_matmul(
    name: str,
    use: Use,
    items: int,
    wide: int,
    out: int,
    ranks: int,
    adapters: int,
    mixed: bool,
    wrt: tuple[int, ...],
) -> Case:
    def inputs(key: Key) -> tuple[Array, ...]:
        keys = jax.random.split(key, 7)
        draw = lambda key, shape, size: (
            jax.random.normal(key, shape) / math.sqrt(size)
        ).astype(jnp.bfloat16)
        x = draw(keys[0], (items, wide), 1)
        w = draw(keys[1], (wide, out), wide)
        a = draw(keys[2], (adapters, wide, ranks), wide)
        b = draw(keys[3], (adapters, ranks, out), ranks)
        level = jax.random.randint(keys[4], (items,), 0, ranks + 1)
        adapter = jax.random.randint(keys[5], (items,), 0, adapters)
        adapter = adapter if mixed else jnp.sort(adapter)
        return x, w, a, b, level, adapter, jax.random.uniform(keys[6], (items,))

    run = lambda x, w, a, b, level, adapter, scale, implementation: ladder_matmul(
        x, w, a, b, level, adapter=adapter, scale=scale, implementation=implementation
    )
    # Two or three roundings to bfloat16 stand between the twins, as in attention.
    return Case("ladder_matmul", name, use, run, inputs, wrt, 2**-6)


def _correlation(name: str, use: Use, rows: int, width: int) -> Case:
    inputs = lambda key: (jax.random.normal(key, (rows, width), jnp.bfloat16),)
    run = lambda x, implementation: correlation(x, implementation=implementation)
    # Products of bfloat16 are exact, sums are float32: only their order differs.
    return Case("correlation", name, use, run, inputs, (0,), 2**-16)


CASES: tuple[Case, ...] = (
    # name, use, B, T, H, G, K, causal
    _attention("tiny-causal", "tiny", 1, 128, 2, 1, 16, True),
    _attention("tiny-full", "tiny", 1, 128, 2, 1, 32, False),
    _attention("tiny-wide", "tiny", 1, 64, 1, 1, 128, True),
    _attention("narrow", "bench", 256, 256, 4, 4, 32, True),
    _attention("model", "bench", 64, 512, 8, 4, 64, True),
    _attention("long", "bench", 4, 4096, 16, 4, 128, True),
    _attention("full", "bench", 64, 512, 8, 8, 64, False),
    # name, use, N, D, O, R, M, adapters mixed within tiles, gradients of
    _ladder_matmul("tiny-many", "tiny", 128, 64, 192, 16, 3, True, (0, 1, 2, 3, 6)),
    _ladder_matmul("tiny-one", "tiny", 64, 128, 128, 64, 1, False, (0, 1, 2, 3, 6)),
    _ladder_matmul("one", "bench", 16384, 512, 512, 16, 1, False, (0, 2, 3)),
    _ladder_matmul("wide", "bench", 8192, 4096, 4096, 64, 1, False, (0, 2, 3)),
    _ladder_matmul("widest", "bench", 8192, 2048, 2048, 128, 1, False, (0, 2, 3)),
    _ladder_matmul("many", "bench", 8192, 2048, 2048, 16, 32, False, (0, 2, 3)),
    _ladder_matmul("mixed", "bench", 8192, 2048, 2048, 32, 32, True, (0, 2, 3)),
    # name, use, M, D
    _correlation("tiny-64", "tiny", 192, 64),
    _correlation("tiny-128", "tiny", 256, 128),
    _correlation("archive", "bench", 4096, 64),
    _correlation("weights", "bench", 4096, 4096),
    _correlation("odd", "bench", 1088, 512),
    # name, use, T, P, N, synapses per neuron
)
"""Every case of every kernel."""
