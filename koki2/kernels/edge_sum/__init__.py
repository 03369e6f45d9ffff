"""edge_sum: what each neuron of a fixed wiring receives, added onto a base.

    out[n] = base[n] + w[e1] x[source[e1]] + w[e2] x[source[e2]] + ...   (target[e] = n)

in the order of the synapses e, one rounding after the other. `reference.py` is the
meaning. Over lanes there are two forms with the same bits: `rows.py`, written out
synapse by synapse, for small wirings known when compiling; and `table.py`, by a table
of in-synapses, for large ones and for those that arrive as data, so that one compile
serves many wirings.
"""

import functools

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from koki2.kernels.edge_sum import reference, rows, table
from koki2.kernels.edge_sum.table import in_table as in_table
from koki2.lanes import lane_form

WRITTEN_OUT = 1024
"""Synapses up to which each is written out. Compile time decides: a rollout of 256
synapses compiled in 2 to 3 s, one of 2,048 in 22 s (two cores)."""


def edge_sum(
    base: Float[Array, " N"],
    weights: Float[Array, " S"],
    activity: Float[Array, " N"],
    source: Int[Array, " S"] | Int[np.ndarray, " S"],
    target: Int[Array, " S"] | Int[np.ndarray, " S"],
    inputs: Int[Array, "M N"] | Int[np.ndarray, "M N"] | None = None,
) -> Float[Array, " N"]:
    """Adds every synapse's weighted activity onto its target.

    One agent; evaluated over lanes it takes the form that suits.

    Args:
      base: what each neuron has before its synapses speak.
      weights: of each synapse.
      activity: of each neuron; 0 or 1 for spikes, and then every form, on every
        machine, gives the same bits, for the products are exact.
      source: presynaptic neuron of each synapse.
      target: postsynaptic neuron of each synapse.
      inputs: `in_table(source, target)`; needed where the wiring is traced.

    Example:
      >>> edge_sum(jnp.zeros(2), jnp.array([3.0, 4.0]), jnp.array([1.0, 1.0]),
      ...          np.array([0, 0]), np.array([1, 1])).tolist()
      [0.0, 7.0]
    """
    known = isinstance(source, np.ndarray) and isinstance(target, np.ndarray)
    if known and inputs is None:
        plain = functools.partial(_plain_fixed, source, target)
        if len(source) <= WRITTEN_OUT:
            form = functools.partial(rows.edge_sum, source.tolist(), target.tolist())
            return lane_form(plain, form, base, weights, activity)
        inputs = in_table(source, target)
    arrays = (jnp.asarray(a) for a in (source, target, inputs))
    return lane_form(_plain, table.edge_sum, base, weights, activity, *arrays)


def _plain_fixed(
    source: Int[np.ndarray, " S"],
    target: Int[np.ndarray, " S"],
    base: Float[Array, " N"],
    weights: Float[Array, " S"],
    activity: Float[Array, " N"],
) -> Float[Array, " N"]:
    return reference.edge_sum(base, weights, activity, source, target)


def _plain(
    base: Float[Array, " N"],
    weights: Float[Array, " S"],
    activity: Float[Array, " N"],
    source: Int[Array, " S"],
    target: Int[Array, " S"],
    inputs: Int[Array, "M N"],
) -> Float[Array, " N"]:
    del inputs
    return reference.edge_sum(base, weights, activity, source, target)
