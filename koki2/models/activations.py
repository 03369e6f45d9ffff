"""The formulas of the activations of `activation_catalogue`, elementwise over [..., F].

All work in the dtype that they are given. Those that are dear to compute keep their
slopes (`keep_slopes`), so that the backward pass is one product.
"""

import functools
import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

Parts = tuple[Float[Array, "..."], ...]


def keep_slopes(
    function: Callable[..., Float[Array, "..."]],
) -> Callable[..., Float[Array, "..."]]:
    """Makes an elementwise function find its slopes beside its values.

    Without it XLA computes exponentials again in the backward pass. The values are the
    same. The function must be elementwise in all its arguments, which have one shape.

    Example:
      >>> cube = keep_slopes(lambda x: x**3)
      >>> jax.vjp(cube, jnp.float32(2.0))[1](jnp.float32(1.0))
      (Array(12., dtype=float32),)
    """
    wrapped = jax.custom_jvp(function)

    @wrapped.defjvp
    def jvp(primals: Parts, tangents: Parts) -> tuple[Array, Array]:
        def slope(i: int) -> Float[Array, "..."]:
            one = [
                jnp.ones_like(x) if j == i else jnp.zeros_like(x)
                for j, x in enumerate(primals)
            ]
            return jax.jvp(function, primals, tuple(one))[1]

        slopes = [slope(i) for i in range(len(primals))]
        values, slopes = jax.lax.optimization_barrier((function(*primals), slopes))
        changes = [s * t for s, t in zip(slopes, tangents, strict=True)]
        return values, functools.reduce(jnp.add, changes)

    return wrapped


@keep_slopes
def gelu(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """Returns x Phi(x), Phi the normal distribution function; no tanh.

    By erf, as PyTorch does it: below about -5 it is 0 where the truth is -1e-6.

    Example:
      >>> gelu(jnp.array([0.0, 1.0])).tolist()
      [0.0, 0.8413447141647339]

    Source: Hendrycks and Gimpel 2016 (arXiv:1606.08415).
    """
    return 0.5 * x * (1 + jax.lax.erf(x * np.asarray(math.sqrt(0.5), x.dtype)))


def relu(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """Returns max(x, 0); its gradient at 0 is 0."""
    return jax.nn.relu(x)


@keep_slopes
def silu(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """Returns x sigmoid(x)."""
    return jax.nn.silu(x)


@keep_slopes
def swiglu(gate: Float[Array, "..."], up: Float[Array, "..."]) -> Float[Array, "..."]:
    """Returns silu(gate) up.

    Example:
      >>> swiglu(jnp.array([0.0, 1.0]), jnp.array([5.0, 2.0])).tolist()
      [0.0, 1.4621171951293945]

    Source: Shazeer 2020 (arXiv:2002.05202).
    """
    return jax.nn.silu(gate) * up
