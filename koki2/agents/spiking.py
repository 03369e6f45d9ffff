"""The spiking agent: leaky integrate-and-fire neurons on a fixed random wiring.

    v      = exp(-1 / tau_m) v + W_obs o + sum over in-synapses of w * spike_before
    spike  = v > theta;  v = v - theta * spike
    action = argmax(spike W_motor + b_motor)

Membrane potentials are in units of the threshold's; a step is one world step. The
recurrent weights may move within a life by a three-factor rule (`plasticity`).

Source: seed 002, section 3 (stages 1 and 2).
"""

import dataclasses
import math

import chex
import jax.numpy as jnp
from jaxtyping import Array, Float

from koki2.agents.base import Agent, Consequence, Learning
from koki2.agents.configs import AgentConfig
from koki2.agents.plasticity import modulator, three_factor
from koki2.agents.topology import Topology
from koki2.kernels.edge_sum import edge_sum


@chex.dataclass(frozen=True, kw_only=True)
class SpikingParams:
    """A newborn's weights. N neurons, O observations, A actions, S synapses."""

    obs_w: Float[Array, "N O"]
    rec_w: Float[Array, " S"]
    motor_w: Float[Array, "N A"]
    motor_b: Float[Array, " A"]
    mod_w: Float[Array, " N"]  # readout of the spike modulator


@chex.dataclass(frozen=True, kw_only=True)
class SpikingState:
    """Fields that plasticity needs are left out (None) where it is off."""

    v: Float[Array, " N"]
    spike: Float[Array, " N"]  # 0 or 1, at the last step
    before: Float[Array, " N"] | None  # spikes one step earlier
    rec_w: Float[Array, " S"] | None
    trace: Float[Array, " S"] | None  # eligibility


def spiking(config: AgentConfig, topology: Topology) -> Agent:
    """Builds the agent. Deterministic: it draws nothing.

    Example:
      >>> from koki2.agents import random_topology
      >>> import jax
      >>> config = AgentConfig(n_neurons=4, k_edges=2)
      >>> agent = spiking(config, random_topology(0, n_neurons=4, k_edges=2))
      >>> params = SpikingParams(
      ...     obs_w=jnp.ones((4, 1)), rec_w=jnp.zeros(8), mod_w=jnp.zeros(4),
      ...     motor_w=jnp.eye(4), motor_b=jnp.array([0.0, 0.5, 0.0, 0.0]))
      >>> state = agent.init(params)
      >>> state, action = agent.act(jax.random.key(0), params, state, jnp.ones(1))
      >>> int(action)  # v = 1 is not above theta = 1: silence, the bias decides
      1
    """
    keep = math.exp(-1.0 / config.tau_m)
    source, target = topology.source, topology.target
    plastic = config.plast_enabled

    def init(params: SpikingParams) -> SpikingState:
        silent = jnp.zeros(config.n_neurons)
        return SpikingState(
            v=silent,
            spike=silent,
            before=silent if plastic else None,
            rec_w=params.rec_w if plastic else None,
            trace=jnp.zeros(source.shape) if plastic else None,
        )

    def act(key, params: SpikingParams, state: SpikingState, observation):
        del key  # draws nothing
        weights = state.rec_w if plastic else params.rec_w
        v = keep * state.v + params.obs_w @ observation
        v = edge_sum(v, weights, state.spike, source, target, topology.inputs)
        fires = v > config.theta
        spike = fires.astype(jnp.float32)
        action = jnp.argmax(spike @ params.motor_w + params.motor_b)
        after = SpikingState(
            v=jnp.where(fires, v - config.theta, v),
            spike=spike,
            before=state.spike if plastic else None,
            rec_w=state.rec_w,
            trace=state.trace,
        )
        return after, action.astype(jnp.int32)

    def learn(params: SpikingParams, state: SpikingState, felt: Consequence):
        third = modulator(config, params.mod_w, state.spike, felt)
        rec_w, trace, abs_dw = three_factor(
            state.rec_w,
            state.trace,
            state.before,
            state.spike,
            third,
            topology,
            eta=config.plast_eta,
            keep=config.plast_lambda,
        )
        after = dataclasses.replace(state, rec_w=rec_w, trace=trace)
        return after, Learning(abs_dw=abs_dw, abs_modulator=jnp.abs(third))

    return Agent(init=init, act=act, learn=learn if plastic else None)
