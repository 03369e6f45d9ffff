"""edge_sum with lanes behind, written out: one multiply-add per synapse and lane."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from koki2.lanes import unstack


def edge_sum(
    source: list[int],
    target: list[int],
    axes: int,
    base: Float[Array, "N *lanes"],
    weights: Float[Array, "S *lanes_of_weights"],
    activity: Float[Array, "N *lanes_of_activity"],
) -> Float[Array, "N *all_lanes"]:
    """As the reference, on `[N] + lanes`; the wiring is a pair of Python lists."""
    lanes = jnp.broadcast_shapes(*(x.shape[1:] for x in (base, weights, activity)))
    out = unstack(base, 0)
    weight, active = unstack(weights, 0), unstack(activity, 0)
    for e, (s, t) in enumerate(zip(source, target, strict=True)):
        out[t] = out[t] + weight[e] * active[s]
    return jnp.stack([jnp.broadcast_to(row, lanes) for row in out])
