"""plastic_rollout: whole lives of spiking agents whose synapses learn as they go.

Of one agent, with s the spikes of the step before and m the modulator of this one:

    v[i]    = decay v[i] + x[t,i] + sum_j w[j,i] s[j]
    s'[i]   = 1 if v[i] > theta else 0;     v[i] = v[i] - theta s'[i]
    e[j,i]  = keep e[j,i] + s[j] s'[i]      (where j speaks to i)
    w[j,i]  = clip(w[j,i] + eta m[t] e[j,i], -limit, limit)   if eta m[t] is not 0

as the spiking agents of `koki2.agents` do, with every pair of neurons a place for a
synapse. `reference.py` is the meaning; `on_cpu.py` is the same, laid out for the cache
of a processor, and is what "auto" takes there; `pallas.py` keeps weights and traces on
chip all life long, so that device memory sees them once and not at every step.

It has no derivative: a spike is a step, flat wherever it is not broken. Asking for one
is an error rather than a row of zeros.
"""

import functools
from typing import NamedTuple, Never

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from koki2.kernels.dispatch import choose, Implementation
from koki2.kernels.plastic_rollout import limits, on_cpu, reference
from koki2.kernels.plastic_rollout.reference import Lives


class Rollout(NamedTuple):
    """Lives of P agents of N neurons, over T steps."""

    spikes: Float[Array, "T P N"]
    weights: Float[Array, "P N N"]  # as they have become
    traces: Float[Array, "P N N"]
    v: Float[Array, "P N"]


def plastic_rollout(
    weights: Float[Array, "P N N"],
    traces: Float[Array, "P N N"],
    x: Float[Array, "T P N"],
    modulator: Float[Array, "T P"],
    *,
    eta: float,
    decay: float,
    keep: float,
    theta: float = 1.0,
    limit: float = 3.0,
    wiring: Bool[np.ndarray, "N N"] | None = None,
    v: Float[Array, "P N"] | None = None,
    spikes: Float[Array, "P N"] | None = None,
    implementation: Implementation = "auto",
) -> Rollout:
    """Lives of P agents, over what their senses bring.

    Args:
      weights: `[p, j, i]`, from neuron j to neuron i of agent p.
      traces: eligibility of each synapse, likewise.
      x: what the senses add to each neuron's potential.
      modulator: the third factor of the rule. Where it, or eta, is zero, no weight
        moves.
      eta: weight change per unit trace per unit modulator.
      decay: potential kept per step, exp(-1 / tau).
      keep: trace kept per step, lambda.
      theta: what a potential must exceed to spike, and what a spike takes off it.
      limit: bound on the size of a weight that moves.
      wiring: `[j, i]`, whether j speaks to i; None: everyone to everyone. Known when
        compiling, and the same for all agents. Where it says no, the trace gains
        nothing: a weight and a trace of zero stay zero.
      v: potentials at the start; None is zero.
      spikes: of the step before the first; None is silence. With these two, a life
        goes on where another call left it.
      implementation: see `koki2.kernels.dispatch`. The kernel takes float32, N of 32,
        64 or 128 and T a multiple of 8; it makes its population longer under `vmap`.

    Returns:
      Spikes of every step, and what the agents are like at the end. Implementations
      sum v in orders of their own: it agrees within a rounding, and so do w and e;
      spikes agree unless a potential comes within that of theta.

    Raises:
      ValueError: if there is nothing to live, or sizes do not fit.
      TypeError: if differentiated. `lax.stop_gradient` around the inputs says that
        no gradient is needed; to learn through spikes needs a surrogate gradient.
      NotImplementedError: if a named implementation cannot run here.

    Example:
      >>> w = jnp.zeros((1, 2, 2)).at[0, 0, 1].set(0.75)  # neuron 0 excites 1
      >>> x = jnp.array([[[1.5, 0.0]], [[0.0, 0.75]]])
      >>> out = plastic_rollout(w, jnp.zeros_like(w), x, jnp.array([[1.0], [1.0]]),
      ...                       eta=0.5, decay=0.5, keep=0.5)
      >>> out.spikes[:, 0].tolist()  # first 0; and that, with its senses, moves 1
      [[1.0, 0.0], [0.0, 1.0]]
      >>> out.weights[0].tolist()  # 0 before 1: this synapse gains 0.5 * 1 * 1
      [[0.0, 1.25], [0.0, 0.0]]

    Source: seed 002, stage 2; Gerstner et al. 2018 (three-factor rules), as
    `koki2.agents.plasticity`.
    """
    if 0 in x.shape:
        raise ValueError(f"plastic_rollout needs at least one of all, got x {x.shape}.")
    rest = jnp.zeros(x.shape[1:], x.dtype)
    v = rest if v is None else v
    spikes = rest if spikes is None else spikes
    arrays = weights, traces, v, spikes, x, modulator
    if any(array.dtype != x.dtype for array in arrays):
        raise ValueError(
            "plastic_rollout needs one dtype, got "
            f"{', '.join(str(array.dtype) for array in arrays)}."
        )
    chosen = choose("plastic_rollout", implementation, limits.problem(weights, x))
    if chosen == "reference":
        suits = implementation == "auto" and jax.default_backend() == "cpu"
        run = (on_cpu if suits else reference).plastic_rollout
    else:
        from koki2.kernels.plastic_rollout import pallas  # imported where it is used

        run = functools.partial(pallas.plastic_rollout, interpret=chosen == "interpret")
    constants = decay, theta, keep, limit

    @jax.custom_jvp
    def lives(*arrays: Array) -> Lives:
        weights, traces, v, spikes, x, modulator = arrays
        rate = eta * modulator
        return run(weights, traces, v, spikes, x, rate, wiring, constants)

    lives.defjvp(_no_derivative)
    return Rollout(*lives(*arrays))


def _no_derivative(primals: tuple[Array, ...], tangents: tuple[Array, ...]) -> Never:
    raise TypeError(
        "plastic_rollout has no derivative: a spike is a step of the potential, whose "
        "slope is zero or none. Wrap its inputs in lax.stop_gradient, or learn through "
        "a surrogate of your own."
    )
