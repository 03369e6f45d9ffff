"""The recurrent agent: neurons on a fixed wiring between observation and action.

    neurons step on W_obs o and on their synaptic input (`spiking`, `rate`)
    action = argmax(activity W_motor + b_motor)      (or another choice, `readout`)

The neurons may step several times for one action, and each may have a time constant of
its own (`time_constants`). The recurrent weights may move within an episode
(`plasticity`, scaled by `modulators`), from birth or by a schedule over its phase; they
may be held to a biological constraint (`constraints`), or be made unable to learn, for
comparison (`controls`). What is off is not built.

Source: seed 002, section 3 (stages 1 and 2).
"""

import dataclasses
from collections.abc import Callable

import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from koki2.agents import constraints, controls, plasticity
from koki2.agents.base import Agent, Learning, StepFeedback
from koki2.agents.configs import AgentConfig
from koki2.agents.modulators import compute_modulator
from koki2.agents.params import AgentParams, AgentState
from koki2.agents.plasticity import W_LIMIT
from koki2.agents.rate import leaky_rate
from koki2.agents.readout import chooser
from koki2.agents.spiking import integrate_and_fire
from koki2.agents.time_constants import own_leak
from koki2.agents.topology import Topology
from koki2.core.given import given
from koki2.core.schedules import phase, smoothstep, smoothstep_to
from koki2.core.types import Key
from koki2.kernels.edge_sum import edge_sum

NEURONS = {"lif": integrate_and_fire, "alif": integrate_and_fire, "rate": leaky_rate}


def recurrent(config: AgentConfig, topology: Topology, steps: int) -> Agent:
    """Builds the agent.

    It draws nothing but the slots of the control shuffled, and what its choice draws.

    Args:
      config: which neurons, which rule, which constraint.
      topology: the synapses.
      steps: length of an episode, for the schedule of plasticity.

    Example:
      >>> from koki2.agents import random_topology
      >>> import jax
      >>> config = AgentConfig(n_neurons=4, k_edges=2)
      >>> agent = recurrent(config, random_topology(0, n_neurons=4, k_edges=2), 128)
      >>> params = AgentParams(
      ...     obs_w=jnp.ones((4, 1)), rec_w=jnp.zeros(8), mod_w=jnp.zeros(4),
      ...     motor_w=jnp.eye(4), motor_b=jnp.array([0.0, 0.5, 0.0, 0.0]))
      >>> state = agent.init(params)
      >>> state, action = agent.act(jax.random.key(0), params, state, jnp.ones(1))
      >>> int(action)  # v = 1 is not above theta = 1: no spike, the bias decides
      1
    """
    source, target = topology.source, topology.target
    plastic = config.plast_enabled
    shuffled = plastic and config.control == "shuffled"
    scheduled = plastic and config.plast_end_phi > config.plast_start_phi
    neurons, choose = NEURONS[config.neuron](config), chooser(config)
    constraint = constraints.dale(config, topology)
    learns = _learning(config, topology, constraint, steps if scheduled else None)
    drawn = None
    if config.control == "random_network":
        drawn = controls.random_weights(topology, config.random_scale)

    def inborn(params: AgentParams) -> Float[Array, " S"]:
        weights = given(params.rec_w) if drawn is None else drawn
        if params.mask is not None:
            weights = weights * params.mask
        if constraint is not None:
            weights = constraint(weights, params.dale)
        return jnp.clip(weights, -W_LIMIT, W_LIMIT) if plastic else weights

    def init(params: AgentParams) -> AgentState:
        silent = jnp.zeros(config.n_neurons)
        waits = (controls.WAITING,)
        if config.modulator_kind == "vector":
            waits += (config.n_neurons,)
        return AgentState(
            v=silent,
            spike=silent,
            adapt=silent if config.neuron == "alif" else None,
            before=silent if plastic else None,
            rec_w=inborn(params) if plastic else None,
            trace=jnp.zeros(source.shape) if plastic else None,
            t=jnp.int32(0) if scheduled else None,
            waiting=jnp.zeros(waits) if shuffled else None,
            slot=jnp.int32(0) if shuffled else None,
            leak=own_leak(config, given(params.tau)) if config.tau_genes else None,
        )

    def act(
        key: Key,
        params: AgentParams,
        state: AgentState,
        observation: Float[Array, " O"],
    ) -> tuple[AgentState, Int[Array, ""]]:
        slot = controls.draw_slot(key) if shuffled else None
        weights = given(state.rec_w) if plastic else inborn(params)
        sensed = params.obs_w @ observation

        def tick(
            v: Float[Array, " N"],
            adapt: Float[Array, " N"] | None,
            before: Float[Array, " N"],
        ) -> tuple[Array, Array, Array | None]:
            synaptic_input = lambda base: edge_sum(
                base, weights, before, source, target, topology.inputs
            )
            return neurons(v, adapt, sensed, synaptic_input, state.leak)

        before = state.spike
        v, spike, adapt = tick(state.v, state.adapt, before)
        activity = spike
        for _ in range(config.ticks - 1):
            before = spike
            v, spike, adapt = tick(v, adapt, before)
            activity = activity + spike
        action = choose(key, activity @ params.motor_w + params.motor_b)
        after = dataclasses.replace(
            state,
            v=v,
            spike=spike,
            adapt=adapt,
            before=before if plastic else None,
            slot=slot,
        )
        return after, action.astype(jnp.int32)

    def cost(params: AgentParams, state: AgentState) -> Float[Array, ""]:
        weights = given(state.rec_w) if plastic else inborn(params)
        return constraints.soft_cost(config, weights, state.spike)

    return Agent(
        init=init,
        act=act,
        learn=learns if plastic else None,
        cost=cost if config.strain == "soft" else None,
    )


def _learning(
    config: AgentConfig,
    topology: Topology,
    constraint: constraints.Constraint | None,
    steps: int | None,
) -> Callable[[AgentParams, AgentState, StepFeedback], tuple[AgentState, Learning]]:
    """Builds `Agent.learn`; `steps` of an episode, where plasticity has a schedule."""
    still = config.control == "frozen" or config.plast_eta == 0
    signed = config.rule == "abcd" or config.neuron == "rate"

    def learning_rate(
        params: AgentParams, state: AgentState, feedback: StepFeedback
    ) -> float | Float[Array, ""] | Float[Array, " S"]:
        eta = config.plast_eta
        if steps is not None:
            start, end = config.plast_start_phi, config.plast_end_phi
            phi = phase(given(state.t), steps)
            least = config.plast_eta_min_frac
            if params.phases is None:
                eta = eta * smoothstep(phi, least, 1.0, start, end)
            else:
                end = jnp.clip(end + params.phases[0], 0.0, 1.0)
                eta = eta * smoothstep_to(phi, least, 1.0, start, end)
        if feedback.plasticity is not None:
            eta = eta * feedback.plasticity
        if params.eta is not None:
            eta = plasticity.own_eta(eta, params.eta)
        return eta if params.mask is None else eta * params.mask

    def modulate(
        params: AgentParams, state: AgentState, feedback: StepFeedback
    ) -> tuple[Float[Array, "..."], Float[Array, "W ..."] | None]:
        """The modulator of this step, and those that wait where it is shuffled."""
        if config.control == "clamped":
            return jnp.float32(config.clamp_value), None
        modulator = compute_modulator(config, params, state.spike, feedback)
        if config.control == "shuffled":
            return controls.shuffle(given(state.waiting), given(state.slot), modulator)
        return modulator, None

    def learn(
        params: AgentParams, state: AgentState, feedback: StepFeedback
    ) -> tuple[AgentState, Learning]:
        modulator, waiting = modulate(params, state, feedback)
        before = given(state.before)
        if config.rule == "abcd":
            gain = plasticity.abcd(given(params.abcd), before, state.spike, topology)
        else:
            gain = plasticity.together(before, state.spike, topology)
        keep = config.plast_lambda
        if params.keep is not None:
            keep = plasticity.own_keep(keep, params.keep)
        constrain = None
        if constraint is not None:
            constrain = lambda weights: constraint(weights, params.dale)
        trace = keep * given(state.trace) + gain
        rec_w, abs_dw = plasticity.move(
            given(state.rec_w),
            trace,
            modulator,
            topology,
            eta=0.0 if still else learning_rate(params, state, feedback),
            constraint=constrain,
            signed=signed,
        )
        t = None if steps is None else given(state.t) + 1
        after = dataclasses.replace(
            state, rec_w=rec_w, trace=trace, t=t, waiting=waiting
        )
        size = jnp.abs(modulator)
        size = jnp.mean(size) if modulator.ndim else size
        return after, Learning(abs_dw=abs_dw, abs_modulator=size)

    return learn
