"""Array names shared by all rooms.

Axis letters, declared once: B batch, P population, E episodes, D genome, N neurons,
S synapses, K sources, A actions, O observation, T time, L levels. In archives: C cells,
B numbers in a descriptor, N rows of a batch. In models: see their door.
"""

import jaxtyping
from jaxtyping import Array

Key = jaxtyping.Key[Array, ""]
"""One typed key, as `jax.random.key` makes it."""
Keys = jaxtyping.Key[Array, " E"]
"""A key per episode."""

__all__ = ["Array", "Key", "Keys"]
