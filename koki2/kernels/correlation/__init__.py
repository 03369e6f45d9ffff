"""correlation: how alike the rows of a matrix point, every one with every other.

    c[i,j] = sum_d x[i,d] x[j,d] / (|x[i]| |x[j]|),   c[i,i] = 1

The cosine of two rows, and of centred rows Pearson's r. `reference.py` is the meaning;
`pallas.py` is the speed: half the products, scaled before they reach device memory.
Both add up in float32.
"""

from jaxtyping import Array, Float

from koki2.kernels.correlation import limits, reference
from koki2.kernels.dispatch import choose, Implementation


def correlation(
    x: Float[Array, "M D"], *, implementation: Implementation = "auto"
) -> Float[Array, "M M"]:
    """The cosine of every two rows.

    Args:
      x: one item per row; no row's size counts. Subtract each row's mean first, and it
        is Pearson's correlation.
      implementation: see `koki2.kernels.dispatch`. The kernel takes bfloat16 and
        multiples of 64 for M and D; its gradient is that of the reference. Of first
        order, in reverse mode. It makes its batch longer under `vmap`.

    Returns:
      float32, or float64 of float64. Exactly symmetric, in [-1, 1], with a diagonal of
      exactly 1. A row of zeros has 0 with every row and itself, and no gradient. A row
      with a NaN or an infinity has NaN with every row and itself.

    Raises:
      ValueError: if something is empty.
      NotImplementedError: if a named implementation cannot run here.

    Example:
      >>> import jax.numpy as jnp
      >>> correlation(jnp.array([[1.0, 0.0], [-2.0, 0.0], [0.0, 0.0]])).tolist()
      [[1.0, -1.0, 0.0], [-1.0, 1.0, 0.0], [0.0, 0.0, 0.0]]
    """
    if 0 in x.shape:
        raise ValueError(
            f"correlation needs a row and a column at least, got {x.shape}."
        )
    chosen = choose("correlation", implementation, limits.problem(x))
    if chosen == "reference":
        return reference.correlation(x)
    from koki2.kernels.correlation import pallas  # slow to load, where it is used

    return pallas.correlation(x, chosen == "interpret")
