"""Actions of worlds on a map: 0 stay, 1 up (y - 1), 2 down, 3 left (x - 1), 4 right."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

MOVES = ((0, 0), (0, -1), (0, 1), (-1, 0), (1, 0))
STAY, UP, DOWN, LEFT, RIGHT = range(5)
SIDES = np.array(MOVES[1:], np.int32)  # the four cells beside an agent: up, down, ...


def towards(gx: Float[Array, ""], gy: Float[Array, ""]) -> Int[Array, ""]:
    """The action along the larger component; x wins ties, and nothing is staying."""
    x = jnp.where(gx > 0, RIGHT, LEFT)
    y = jnp.where(gy > 0, DOWN, UP)
    along = jnp.where(jnp.abs(gx) >= jnp.abs(gy), x, y)
    return jnp.where((gx == 0) & (gy == 0), STAY, along).astype(jnp.int32)
