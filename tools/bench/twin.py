"""The plain twin: episodes of spiking agents in chemotaxis, as anyone would write them.

Written from the description of seed 002's world and agent, not from koki2's code: an
episode is a scan with a `cond` per step, synapses are a gather and a scatter-add, and
`vmap` over episodes within `vmap` over genomes makes many. `rollout.py` measures koki2
against it; tests/bench holds the two together. Only configs, the wiring and the record
of weights are shared, and the order in which keys are drawn from:

    key_birth, key_life = split(key)
    birth:       places, kinds, first observation = split(key_birth, 3)
    at step t:   act, world = split(fold_in(key_life, t))
                 deplete, place, sense = split(world, 3);  dropout, noise = split(sense)
"""

import functools
import math
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from koki2.agents.configs import AgentConfig
from koki2.agents.params import AgentParams
from koki2.agents.topology import Topology
from koki2.core.keys import Stream, stream
from koki2.envs.configs import ChemotaxisConfig
from koki2.evolution.configs import EvolutionConfig

W_LIMIT = 3.0


class World(NamedTuple):
    """Where things are and how the agent is."""

    t: Array
    position: Array  # [2]
    source: Array  # [K, 2]
    bad: Array  # [K]
    active: Array  # [K]
    respawn: Array  # [K]
    energy: Array
    integrity: Array


class Brain(NamedTuple):
    """Neurons [N] and synapses [S]; the latter only where they change."""

    v: Array
    spike: Array
    rec_w: Array | None
    trace: Array | None


class Sums(NamedTuple):
    """What is counted over a life."""

    done: Array
    t_alive: Array
    energy_gained: Array
    integrity_lost: Array
    integrity_min: Array
    bad_arrivals: Array
    success: Array
    actions: Array  # [5]
    events: Array
    abs_dw: Array
    abs_dw_on_event: Array
    abs_modulator: Array


class State(NamedTuple):
    """A life; frozen once done."""

    world: World
    observation: Array  # [4]
    brain: Brain
    sums: Sums


class Feedback(NamedTuple):
    """What a step did to the agent."""

    gained: Array
    lost: Array
    harms: Array
    reached: Array
    drive_fall: Array
    done: Array


def run_lives(
    env: ChemotaxisConfig, agent: AgentConfig, topology: Topology
) -> Callable[[Array, AgentParams], State]:
    """Many episodes: (episode keys [E], params [P, ...]) to a `State` [P, E, ...]."""

    one = functools.partial(step_life, env, agent, topology)

    def life(key: Array, params: AgentParams) -> State:
        key_birth, key_life = jax.random.split(key)
        world, observation = reset(env, key_birth)
        start = State(world, observation, initial_brain(agent, params), zero_sums())

        def body(state: State, t: Array) -> tuple[State, None]:
            keep = lambda state: state
            step = lambda state: one(key_life, t, params, state)
            return jax.lax.cond(state.sums.done, keep, step, state), None

        return jax.lax.scan(body, start, jnp.arange(env.steps))[0]

    return jax.vmap(jax.vmap(life, (0, None)), (None, 0))


def step_life(
    env: ChemotaxisConfig,
    agent: AgentConfig,
    topology: Topology,
    key_life: Array,
    t: Array,
    params: AgentParams,
    state: State,
) -> State:
    """One step: act, let the world answer, learn, count."""
    _, key_world = jax.random.split(jax.random.fold_in(key_life, t))
    before = state.brain.spike
    brain, action = act(agent, topology, params, state.brain, state.observation)
    world, observation, feedback = move(env, key_world, state.world, action)
    modulator, abs_dw = jnp.float32(0), jnp.float32(0)
    if agent.plast_enabled:
        modulator = compute_modulator(agent, params, brain, feedback)
        brain, abs_dw = learn(agent, topology, before, brain, modulator)
    sums = count(state.sums, action, world, feedback, modulator, abs_dw)
    return State(world, observation, brain, sums)


# --- the world ------------------------------------------------------------------------


def size_of(env: ChemotaxisConfig) -> np.ndarray:
    return np.array([env.width, env.height], np.int32)


def reset(env: ChemotaxisConfig, key: Array) -> tuple[World, Array]:
    key_places, key_kinds, key_sense = jax.random.split(key, 3)
    k = env.num_sources
    bad = jax.random.permutation(key_kinds, k)[: env.num_bad_sources]
    world = World(
        t=jnp.int32(0),
        position=jnp.asarray(size_of(env) // 2),
        source=jax.random.randint(key_places, (k, 2), 0, size_of(env)[None]),
        bad=jnp.zeros(k, bool).at[bad].set(True),
        active=jnp.ones(k, bool),
        respawn=jnp.zeros(k, jnp.int32),
        energy=jnp.float32(env.energy_init),
        integrity=jnp.float32(1.0),
    )
    return world, observe(env, key_sense, world)


def schedule(phi: Array, low: float, high: float, start: float, end: float) -> Array:
    """min + s (max - min), s smooth from 0 at start to 1 at end."""
    if end <= start:
        return jnp.float32(high)
    s = jnp.clip((phi - start) / (end - start), 0.0, 1.0)
    return low + s * s * (3.0 - 2.0 * s) * (high - low)


def observe(env: ChemotaxisConfig, key: Array, world: World) -> Array:
    """[gx, gy, energy, integrity]: quantise, gain, dropout, noise."""
    phi = world.t.astype(jnp.float32) / max(env.steps - 1, 1)
    sensed = world.active
    if env.good_only_gradient:
        sensed = sensed & ~world.bad
    offset = world.source - world.position[None]
    distance = jnp.where(sensed, jnp.sum(offset**2, axis=1), jnp.iinfo(jnp.int32).max)
    dx, dy = offset[jnp.argmin(distance)].astype(jnp.float32)
    gradient = jnp.stack([dx / max(env.width - 1, 1), dy / max(env.height - 1, 1)])
    gradient = jnp.where(jnp.any(sensed), gradient, 0.0)
    if env.grad_bins_min > 0 or env.grad_bins_max > 0:
        ends = env.grad_bins_start_phi, env.grad_bins_end_phi
        bins = schedule(phi, env.grad_bins_min, env.grad_bins_max, *ends)
        coarse = jnp.round(gradient * bins) / jnp.where(bins > 0, bins, 1.0)
        gradient = jnp.where(bins > 0, coarse, gradient)
    if env.grad_gain_min != 1 or env.grad_gain_max != 1:
        ends = env.grad_gain_start_phi, env.grad_gain_end_phi
        gradient = gradient * schedule(phi, env.grad_gain_min, env.grad_gain_max, *ends)
    key_dropout, key_noise = jax.random.split(key)
    if env.grad_dropout_p > 0:
        dropped = jax.random.bernoulli(key_dropout, env.grad_dropout_p)
        gradient = jnp.where(dropped, 0.0, gradient)
    body = jnp.stack([world.energy, world.integrity])
    observation = jnp.concatenate([gradient, body])
    if env.obs_noise > 0:
        observation = observation + env.obs_noise * jax.random.normal(key_noise, (4,))
    return observation


def move(
    env: ChemotaxisConfig, key: Array, world: World, action: Array
) -> tuple[World, Array, Feedback]:
    """Move, eat, pay, and where sources deplete, let them go and come back."""
    key_deplete, key_place, key_sense = jax.random.split(key, 3)
    steps = jnp.array([[0, 0], [0, -1], [0, 1], [-1, 0], [1, 0]], jnp.int32)
    position = jnp.clip(world.position + steps[action], 0, size_of(env) - 1)
    at = lambda place: jnp.all(world.source == place[None], axis=1) & world.active
    here = at(position)
    arrived = here & ~at(world.position)
    meals = jnp.sum(arrived & ~world.bad, dtype=jnp.int32)
    harms = jnp.sum(arrived & world.bad, dtype=jnp.int32)
    gained = env.energy_gain * meals.astype(jnp.float32)
    lost = env.bad_source_integrity_loss * harms.astype(jnp.float32)
    energy = jnp.clip(world.energy - env.resolved().energy_decay + gained, 0.0, 1.0)
    integrity = jnp.clip(world.integrity - lost, 0.0, 1.0)
    drive = lambda e, i: (e - 1.0) ** 2 + (i - 1.0) ** 2
    reached = jnp.any(here & ~world.bad)
    source, active, respawn = world.source, world.active, world.respawn
    if env.deplete_sources:
        goes = arrived
        if env.bad_source_deplete_p < 1:
            p = env.bad_source_deplete_p
            goes &= ~world.bad | jax.random.bernoulli(key_deplete, p, active.shape)
        bad, delay = env.bad_source_respawn_delay, env.respawn_delay
        delay = jnp.where(world.bad, delay if bad < 0 else bad, delay)
        waits = jnp.where(active, 0, respawn - 1)
        respawn = jnp.where(goes, delay, waits)
        back = (~active | goes) & (respawn == 0)
        source = jnp.where(back[:, None], cells(env, key_place), source)
        active = (active & ~goes) | back
    t = world.t + 1
    done = (t >= env.steps) | (energy <= 0) | (integrity <= 0)
    if env.terminate_on_reach:
        done = done | reached
    fall = drive(world.energy, world.integrity) - drive(energy, integrity)
    feedback = Feedback(gained, lost, harms, reached, fall, done)
    after = World(t, position, source, world.bad, active, respawn, energy, integrity)
    return after, observe(env, key_sense, after), feedback


def cells(env: ChemotaxisConfig, key: Array) -> Array:
    """Uniform cells: a random word times the size, above the 32nd bit."""
    words = jax.random.bits(key, (env.num_sources, 2))
    size = size_of(env).astype(np.uint32)[None]
    low = ((words & 0xFFFF) * size) >> 16
    return (((words >> 16) * size + low) >> 16).astype(jnp.int32)


# --- the agent ------------------------------------------------------------------------


def initial_brain(agent: AgentConfig, params: AgentParams) -> Brain:
    silent = jnp.zeros(agent.n_neurons)
    if not agent.plast_enabled:
        return Brain(silent, silent, None, None)
    rec_w = jnp.clip(params.rec_w, -W_LIMIT, W_LIMIT)
    return Brain(silent, silent, rec_w, jnp.zeros_like(rec_w))


def act(
    agent: AgentConfig,
    topology: Topology,
    params: AgentParams,
    brain: Brain,
    observation: Array,
) -> tuple[Brain, Array]:
    """Leak, add the synaptic input, fire; the action with the largest motor sum."""
    weights = brain.rec_w if agent.plast_enabled else params.rec_w
    synaptic_input = weights * brain.spike[topology.source]
    v = math.exp(-1.0 / agent.tau_m) * brain.v + params.obs_w @ observation
    v = v.at[topology.target].add(synaptic_input)
    fires = v > agent.theta
    spike = fires.astype(jnp.float32)
    v = v - spike * agent.theta
    action = jnp.argmax(spike @ params.motor_w + params.motor_b)
    return brain._replace(v=v, spike=spike), action


def compute_modulator(
    agent: AgentConfig, params: AgentParams, brain: Brain, feedback: Feedback
) -> Array:
    """The third factor of the rule."""
    if agent.modulator_kind == "spike":
        return jnp.tanh(params.mod_w @ brain.spike)
    if agent.modulator_kind == "drive":
        return jnp.tanh(agent.mod_drive_scale * feedback.drive_fall)
    return jnp.tanh(agent.mod_drive_scale * (feedback.gained - feedback.lost))


def learn(
    agent: AgentConfig,
    topology: Topology,
    before: Array,
    brain: Brain,
    modulator: Array,
) -> tuple[Brain, Array]:
    """Three factors: a trace of who fired together, moved by the modulator."""
    together = before[topology.source] * brain.spike[topology.target]
    trace = agent.plast_lambda * brain.trace + together
    dw = agent.plast_eta * modulator * trace
    rec_w = jnp.clip(brain.rec_w + dw, -W_LIMIT, W_LIMIT)
    return brain._replace(rec_w=rec_w, trace=trace), jnp.mean(jnp.abs(dw))


# --- counting -------------------------------------------------------------------------


def zero_sums() -> Sums:
    count, zero = jnp.int32(0), jnp.float32(0)
    return Sums(
        done=jnp.array(False),
        t_alive=count,
        energy_gained=zero,
        integrity_lost=zero,
        integrity_min=jnp.float32(1),
        bad_arrivals=count,
        success=jnp.array(False),
        actions=jnp.zeros(5, jnp.int32),
        events=count,
        abs_dw=zero,
        abs_dw_on_event=zero,
        abs_modulator=zero,
    )


def count(
    sums: Sums,
    action: Array,
    world: World,
    feedback: Feedback,
    modulator: Array,
    abs_dw: Array,
) -> Sums:
    event = (feedback.gained > 0) | (feedback.lost > 0)
    return Sums(
        done=feedback.done,
        t_alive=sums.t_alive + 1,
        energy_gained=sums.energy_gained + feedback.gained,
        integrity_lost=sums.integrity_lost + feedback.lost,
        integrity_min=jnp.minimum(sums.integrity_min, world.integrity),
        bad_arrivals=sums.bad_arrivals + feedback.harms,
        success=sums.success | feedback.reached,
        actions=sums.actions.at[action].add(1),
        events=sums.events + event.astype(jnp.int32),
        abs_dw=sums.abs_dw + abs_dw,
        abs_dw_on_event=sums.abs_dw_on_event + jnp.where(event, abs_dw, 0.0),
        abs_modulator=sums.abs_modulator + jnp.abs(modulator),
    )


# --- a generation of OpenAI-ES --------------------------------------------------------


def generation(
    config: EvolutionConfig, topology: Topology
) -> Callable[[Array, Array], tuple[Array, Array]]:
    """One generation: (its key, mean genome [D]) to (the next mean, fitness [P])."""
    agent, fitness_config, search = config.agent, config.fitness, config.search
    run_all = run_lives(config.env, agent, topology)
    n, size = agent.n_neurons, search.pop_size
    shapes = [(n, 4), (n * agent.k_edges,), (n, 5), (5,), (n,)]
    ends = np.cumsum([math.prod(shape) for shape in shapes])[:-1]

    def develop(genes: Array) -> AgentParams:
        blocks = zip(jnp.split(genes, ends), shapes, strict=True)
        names = "obs_w", "rec_w", "motor_w", "motor_b", "mod_w"
        arrays = [block.reshape(shape) for block, shape in blocks]
        return AgentParams(**dict(zip(names, arrays, strict=True)))

    def run(key: Array, mean: Array) -> tuple[Array, Array]:
        noise = jax.random.normal(stream(key, Stream.ASK), (size, mean.size))
        genomes = mean[None] + search.sigma * noise
        keys = jax.random.split(stream(key, Stream.LIVES), config.loop.episodes)
        sums = run_all(keys, jax.vmap(develop)(genomes)).sums
        fitness = (
            fitness_config.fitness_alpha * sums.t_alive.astype(jnp.float32)
            + fitness_config.fitness_beta * sums.energy_gained
            + fitness_config.success_bonus * sums.success.astype(jnp.float32)
        ).mean(axis=1)
        below = jnp.sum(fitness[None] < fitness[:, None], axis=1)
        equal = jnp.sum(fitness[None] == fitness[:, None], axis=1)
        places = below.astype(jnp.float32) + (equal - 1).astype(jnp.float32) / 2
        rank = places / (size - 1) - 0.5  # equal fitness, equal rank
        return mean + search.lr / (size * search.sigma) * (rank @ noise), fitness

    return run
