"""edge_sum with lanes behind, written out: one multiply-add per synapse and lane."""

import jax.numpy as jnp

from koki2.lanes import reductions


def edge_sum(source, target, axes, base, weights, activity):
    """As the reference, on `[N] + lanes`; the wiring is a pair of Python lists."""
    lanes = jnp.broadcast_shapes(*(x.shape[1:] for x in (base, weights, activity)))
    out = reductions.rows(base, 0)
    weight, active = reductions.rows(weights, 0), reductions.rows(activity, 0)
    for e, (s, t) in enumerate(zip(source, target, strict=True)):
        out[t] = out[t] + weight[e] * active[s]
    return jnp.stack([jnp.broadcast_to(row, lanes) for row in out])
