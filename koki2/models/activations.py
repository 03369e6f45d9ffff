"""The formulas of the activations of `activation_catalogue`, elementwise over [..., F].

All work in the dtype that they are given.
"""

import jax
from jaxtyping import Array, Float


def gelu(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """Returns x Phi(x), Phi the normal distribution function; exact, no tanh.

    Example:
      >>> gelu(jax.numpy.array([0.0, 1.0])).tolist()
      [0.0, 0.8413447141647339]

    Source: Hendrycks and Gimpel 2016 (arXiv:1606.08415).
    """
    return jax.nn.gelu(x, approximate=False)


def relu(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """Returns max(x, 0); its gradient at 0 is 0."""
    return jax.nn.relu(x)


def silu(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """Returns x sigmoid(x)."""
    return jax.nn.silu(x)


def swiglu(gate: Float[Array, "..."], up: Float[Array, "..."]) -> Float[Array, "..."]:
    """Returns silu(gate) up.

    Example:
      >>> swiglu(jax.numpy.array([0.0, 1.0]), jax.numpy.array([5.0, 2.0])).tolist()
      [0.0, 1.4621171951293945]

    Source: Shazeer 2020 (arXiv:2002.05202).
    """
    return jax.nn.silu(gate) * up
