"""What correlation means: rows brought to length 1, and their products."""

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float


def correlation(x: Float[Array, "M D"]) -> Float[Array, "M M"]:
    """See the door."""
    rows, inverse, self_with_self = scaled(x)
    rows = rows.astype(inverse.dtype) * inverse[:, None]
    below = jnp.tril(jnp.matmul(rows, rows.T, precision="highest"), -1)
    below = jnp.clip(below, -1.0, 1.0)
    return below + below.T + jnp.diag(self_with_self)


def scaled(
    x: Float[Array, "M D"],
) -> tuple[Float[Array, "M D"], Float[Array, " M"], Float[Array, " M"]]:
    """Rows times a power of two, exactly; 1 / their lengths; the diagonal.

    The largest number of a row is between 1/2 and 1 then, so that no square leaves the
    numbers of its dtype. 1 / length is 0 of a row of zeros.
    """
    total = jnp.float64 if x.dtype == jnp.float64 else jnp.float32
    peak = lax.stop_gradient(jnp.max(jnp.abs(x).astype(total), axis=1))
    _, exponent = jnp.frexp(peak)
    limit = jnp.finfo(total).maxexp - 2
    factor = jnp.ldexp(jnp.ones_like(peak), jnp.clip(-exponent, -limit, limit))
    x = (x.astype(total) * factor[:, None]).astype(x.dtype)
    squares = jnp.sum(x.astype(total) ** 2, axis=1)
    zero = squares == 0
    inverse = jnp.where(zero, 0.0, 1 / jnp.sqrt(jnp.where(zero, 1.0, squares)))
    # x / x is 1, or NaN of what is not finite.
    return x, inverse, jnp.where(zero, 0.0, lax.stop_gradient(squares / squares))
