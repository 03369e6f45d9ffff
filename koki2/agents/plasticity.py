"""Plasticity: synapses keep an eligibility trace, and move when a modulator says so.

    trace' = lambda * trace + gain
    w'     = clip(w + eta * m * trace', -3, 3)   where eta * m is not zero, else w

Weights that may move are within those bounds from birth on (`recurrent`). The modulator
m (the third factor) is in (-1, 1), and is of the step that it is about (`modulators`).
Without an event (m = 0) the weights stay exactly as they are. Two rules differ in what
a trace gains, where pre is the activity of its source a step before, and post the
activity of its target now:

    three_factor  pre * post
    abcd          A pre * post + B pre + C post + D,   by genes of each synapse

With lambda = 0 the trace is this step's gain, and the rules are Hebb's.

Source: Gerstner et al., "Eligibility traces and plasticity on behavioral time scales",
2018; the clip as in seed 002. ABCD: Soltoggio et al., "Evolutionary advantages of
neuromodulated plasticity in dynamic, reward-based scenarios", 2008, and thesis 04, 3.2,
where a fifth term E m is added; here m gates all terms, so that without it nothing
moves, and E is the eligibility trace.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from koki2.agents.topology import Topology
from koki2.lanes import any_lane

W_LIMIT = 3.0  # bound on the size of a weight that moves
Index = np.ndarray | Int[Array, " S"]  # the source, or the target, of each synapse


def together(
    before: Float[Array, " N"], now: Float[Array, " N"], topology: Topology
) -> Float[Array, " S"]:
    """Computes what a trace gains by the three-factor rule: pre * post."""
    return _at(before, topology.source) * _at(now, topology.target)


def abcd(
    genes: Float[Array, "4 S"],
    before: Float[Array, " N"],
    now: Float[Array, " N"],
    topology: Topology,
) -> Float[Array, " S"]:
    """Computes what a trace gains by the ABCD rule: pre * (A post + B) + (C post + D).

    Args:
      genes: A, B, C and D of each synapse.
      before: activity of the step before.
      now: activity of this step.
      topology: the wiring.
    """
    pre, post = _at(before, topology.source), _at(now, topology.target)
    return pre * (genes[0] * post + genes[1]) + (genes[2] * post + genes[3])


def own_eta(
    eta: float | Float[Array, ""], gene: Float[Array, " S"]
) -> Float[Array, " S"]:
    """Computes each synapse's own learning rate: eta * (1 + gene), in [0, 2 eta].

    Example:
      >>> own_eta(0.5, jnp.array([0.0, 0.5, -2.0, 9.0])).tolist()
      [0.5, 0.75, 0.0, 1.0]
    """
    return eta * jnp.clip(1.0 + gene, 0.0, 2.0)


def own_keep(keep: float, gene: Float[Array, " S"]) -> Float[Array, " S"]:
    """Computes each synapse's own trace kept per step, keep + (1 - keep) gene.

    Clipped to [0, 1]. A gene changes what is forgotten per step in proportion.

    Example:
      >>> own_keep(0.75, jnp.array([0.0, 0.5, -9.0, 9.0])).tolist()
      [0.75, 0.875, 0.0, 1.0]
    """
    return jnp.clip(keep + (1.0 - keep) * gene, 0.0, 1.0)


def move(
    weights: Float[Array, " S"],
    trace: Float[Array, " S"],
    modulator: Float[Array, ""] | Float[Array, " N"],
    topology: Topology,
    *,
    eta: float | Float[Array, ""] | Float[Array, " S"],
    constraint: Callable[[Float[Array, " S"]], Float[Array, " S"]] | None = None,
    signed: bool = False,
) -> tuple[Float[Array, " S"], Float[Array, ""]]:
    """Moves weights along their traces, scaled by a modulator.

    One agent, one step; the formula is at the top of this file.

    Args:
      weights: of the recurrent synapses.
      trace: of each, this step's gain included.
      modulator: m, of all synapses or of those onto each neuron.
      topology: the wiring.
      eta: weight change per unit trace per unit modulator; at 0 nothing moves.
      constraint: what weights that moved must keep to, as Dale's law; None: nothing.
      signed: whether a trace can be below zero.

    Returns:
      New weights, and the mean size of a weight's change before clip and constraint.

    Example:
      >>> from koki2.agents import random_topology
      >>> wiring = random_topology(0, n_neurons=2, k_edges=1)
      >>> w, dw = move(jnp.zeros(2), jnp.array([1.0, 3.0]), jnp.float32(0.5), wiring,
      ...              eta=0.5)
      >>> w.tolist(), float(dw)  # 0.5 * 0.5 * 1, and of 3
      ([0.25, 0.75], 0.5)
    """
    each = modulator.ndim > 0 or jnp.ndim(eta) > 0
    m = _at(modulator, topology.target) if modulator.ndim else modulator
    event = (m != 0.0) & (eta != 0)

    moved = jnp.clip(weights + eta * m * trace, -W_LIMIT, W_LIMIT)
    moved = moved if constraint is None else constraint(moved)
    if each:
        abs_dw = jnp.mean(jnp.abs(eta * m * trace))
        return jnp.where(event, moved, weights), abs_dw
    mean = lambda trace: jnp.mean(jnp.abs(trace) if signed else trace)
    none = lambda trace: jnp.zeros_like(m)
    abs_dw = jnp.abs(eta * m) * jax.lax.cond(any_lane(event), mean, none, trace)
    return jnp.where(event, moved, weights), abs_dw


def _at(neurons: Float[Array, " N"], index: Index) -> Float[Array, " S"]:
    """The number of each synapse's neuron."""
    return neurons.at[index].get(mode="promise_in_bounds")
