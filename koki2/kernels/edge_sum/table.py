"""edge_sum with lanes behind, by a table of in-synapses: the wiring is data."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int


def in_table(
    source: Int[np.ndarray, " S"], target: Int[np.ndarray, " S"], width: int = 0
) -> Int[np.ndarray, "M N"]:
    """In-synapses of each neuron, in order: [M, N], filled up with S.

    Args:
      source: presynaptic neuron of each synapse; every neuron has some.
      target: postsynaptic neuron of each synapse.
      width: least M, so that several wirings can share a shape.

    Example:
      >>> in_table(np.array([0, 0, 1]), np.array([1, 1, 0])).tolist()
      [[2, 0], [3, 1]]
    """
    neurons = int(max(source.max(), target.max())) + 1
    lists = [np.flatnonzero(target == n) for n in range(neurons)]
    depth = max(width, *(len(entries) for entries in lists))
    out = np.full((depth, neurons), len(source), np.int32)
    for n, entries in enumerate(lists):
        out[: len(entries), n] = entries
    return out


def edge_sum(
    axes: int,
    base: Float[Array, "N *lanes"],
    weights: Float[Array, "S *lanes_of_weights"],
    activity: Float[Array, "N *lanes_of_activity"],
    source: Int[Array, "S *lanes_of_source"],
    target: Int[Array, "S *lanes_of_target"],
    inputs: Int[Array, "M N *lanes_of_inputs"],
) -> Float[Array, "N *all_lanes"]:
    """As the reference, on `item + lanes`. Empty places add an exact zero."""
    del target
    flat = lambda x: x.reshape(x.shape[: x.ndim - axes])
    source, inputs = flat(source), flat(inputs)
    silence = jnp.zeros((1,) + weights.shape[1:], weights.dtype)
    weights = jnp.concatenate([weights, silence])
    sources = jnp.concatenate([source, jnp.zeros(1, source.dtype)])[inputs]
    take = lambda x, i: x.at[i].get(mode="promise_in_bounds")
    out = base
    for m in range(inputs.shape[0]):
        out = out + take(weights, inputs[m]) * take(activity, sources[m])
    return out
