"""The formulas of the activations of `activation_catalogue`, elementwise over [..., F].

All work in the dtype that they are given. Those that are costly to compute keep their
slopes (`keep_slopes`), so that the backward pass is one product.
"""

import functools
import math
from collections.abc import Callable, Mapping

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from koki2.models.formulas import Monomial, MONOMIALS

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


def universal(
    x: Float[Array, "... F"], gain: Float[Array, " F"], residual: Float[Array, " F"]
) -> Float[Array, "... F"]:
    """Returns gain silu(x) + residual x, both learnt for each hidden unit."""
    return _along(gain, x) * silu(x) + _along(residual, x) * x


def kan_spline(
    x: Float[Array, "... F"],
    c_silu: Float[Array, " F"],
    c_relu: Float[Array, " F"],
    c_gelu: Float[Array, " F"],
    c_x: Float[Array, " F"],
    c_square: Float[Array, " F"],
) -> Float[Array, "... F"]:
    """Returns a sum of five functions, with weights learnt for each hidden unit.

    Source: the original of seed 003, where the first weights are .5 silu + .5 gelu.
    """
    known = _along(c_silu, x) * silu(x) + _along(c_relu, x) * relu(x)
    known = known + _along(c_gelu, x) * gelu(x)
    return known + _along(c_x, x) * x + _along(c_square, x) * x**2


BASES = {"silu": silu, "relu": relu, "gelu": gelu, "x": lambda x: x}


def compose(terms: Mapping[Monomial, float]) -> Callable[[Float[Array, "..."]], Array]:
    """Builds the function of a formula's terms, as constants of the program.

    Example:
      >>> from koki2.models.formulas import parse
      >>> compose(parse("0.5*x + 0.25*sq(x)").terms)(jnp.array([2.0, 4.0])).tolist()
      [2.0, 6.0]
    """

    @keep_slopes
    def composed(x: Float[Array, "..."]) -> Float[Array, "..."]:
        products = [
            factor * functools.reduce(jnp.multiply, [BASES[base](x) for base in term])
            for term, factor in terms.items()
        ]
        return functools.reduce(jnp.add, products)

    return composed


def polynomial(
    factors: Float[Array, " M"], x: Float[Array, "..."]
) -> Float[Array, "..."]:
    """Evaluates a formula that is data of the program: one program for all of them.

    Args:
      factors: `Formula.factors`, M of them.
      x: of any shape.

    Example:
      >>> from koki2.models.formulas import parse
      >>> factors = jnp.array(parse("0.5*x + 0.25*sq(x)").factors)
      >>> polynomial(factors, jnp.array([2.0, 4.0])).tolist()
      [2.0, 6.0]
    """
    values = {base: function(x) for base, function in BASES.items()}
    factors = factors.astype(x.dtype)
    total = jnp.zeros_like(x)
    for i, term in enumerate(MONOMIALS):
        product = functools.reduce(jnp.multiply, [values[base] for base in term])
        total = total + factors[i] * product
    return total


def _along(own: Float[Array, " F"], x: Float[Array, "... F"]) -> Float[Array, "..."]:
    return own.reshape((1,) * (x.ndim - 1) + own.shape)
