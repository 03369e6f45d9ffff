"""edge_sum as anyone would write it: gather, multiply, scatter-add."""

import numpy as np
from jaxtyping import Array, Float, Int


def edge_sum(
    base: Float[Array, " N"],
    weights: Float[Array, " S"],
    activity: Float[Array, " N"],
    source: Int[Array, " S"] | Int[np.ndarray, " S"],
    target: Int[Array, " S"] | Int[np.ndarray, " S"],
) -> Float[Array, " N"]:
    """See the door. The scatter adds in the order of the synapses."""
    presynaptic = activity.at[source].get(mode="promise_in_bounds")
    return base.at[target].add(weights * presynaptic, mode="promise_in_bounds")
