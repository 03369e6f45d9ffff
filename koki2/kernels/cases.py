"""cases: every GPU kernel, at the sizes at which it is tested, compiled and timed.

One list, read by the tests (the tiny ones), by the compile lane (all) and by whatever
runs kernels on a GPU. A kernel that is not here is not proven.
"""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp

from koki2.core.types import Array, Key
from koki2.kernels.attention import attention
from koki2.kernels.dispatch import Implementation


class Case(NamedTuple):
    """A kernel at one size."""

    op: str  # the folder under `koki2/kernels`
    name: str  # unique within the op
    use: Literal["tiny", "bench"]  # tiny: small enough to interpret on a CPU
    function: Callable[..., Any]  # the door: (*inputs, implementation=...) -> outputs
    inputs: Callable[[Key], tuple[Array, ...]]
    wrt: tuple[int, ...]  # which inputs have a gradient; empty: none has
    tolerance: float  # |twin - twin| allowed, per largest number of the reference


def forward(case: Case, implementation: Implementation) -> Callable[..., Any]:
    """inputs -> outputs."""
    return lambda *inputs: case.function(*inputs, implementation=implementation)


def backward(case: Case, implementation: Implementation) -> Callable[..., Any]:
    """(cotangents, *inputs) -> outputs, gradients of the inputs `case.wrt`."""
    run = forward(case, implementation)

    def both(cotangents, *inputs):
        def of_some(*some):
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


def cotangents(case: Case, key: Key) -> Any:
    """Random ones, like the outputs."""
    outputs, tree = jax.tree.flatten(
        jax.eval_shape(forward(case, "reference"), *shapes(case))
    )
    keys = jax.random.split(key, len(outputs))
    draw = lambda key, x: jax.random.normal(key, x.shape).astype(x.dtype)
    return jax.tree.unflatten(tree, map(draw, keys, outputs))


def _attention(name, use, batch, length, heads, groups, width, causal):
    def inputs(key):
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


CASES: tuple[Case, ...] = (
    # name, use, B, T, H, G, K, causal
    _attention("tiny-causal", "tiny", 1, 128, 2, 1, 16, True),
    _attention("tiny-full", "tiny", 1, 128, 2, 1, 32, False),
    _attention("tiny-wide", "tiny", 1, 64, 1, 1, 128, True),
    _attention("narrow", "bench", 256, 256, 4, 4, 32, True),
    _attention("model", "bench", 64, 512, 8, 4, 64, True),
    _attention("long", "bench", 4, 4096, 16, 4, 128, True),
    _attention("full", "bench", 64, 512, 8, 8, 64, False),
)
"""Every case of every kernel."""
