"""One episode: an agent in a world from birth to death (in artificial life, a life).

    key_birth, key_life = split(key)
    at step t:  key_act, key_world = split(fold_in(key_life, t))

Agents and baselines get the same keys (common random numbers), so that two of them can
be compared episode by episode; nursing folds constants of its own into the key of a
step, and shifts no other draw. Nothing here is batched: `rollout` runs many episodes
fast, by this same `step`.
"""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import chex
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from koki2.agents.base import Agent, StepFeedback
from koki2.core.given import given
from koki2.core.types import Key
from koki2.envs.base import AnyEnv, counted, Feedback, on_map
from koki2.evolution.nursing import ADULT, Nursing
from koki2.evolution.path import Path, Paths


@chex.dataclass(frozen=True, kw_only=True)
class EpisodeStats:
    """What an episode adds up to, counted while alive.

    In a world without a body the rewards are counted in the place of energy gained, so
    that `energy_gained` is the return, and nothing is lost or reached.
    """

    alive: Bool[Array, ""]  # so far; at the end: was not ended by anything
    t_alive: Int[Array, ""]  # steps lived
    energy_gained: Float[Array, ""]
    integrity_lost: Float[Array, ""]
    integrity_min: Float[Array, ""]
    bad_arrivals: Int[Array, ""]
    success: Bool[Array, ""]  # ever stood on a good source
    actions: Int[Array, " A"]  # how often each was carried out
    events: Int[Array, ""]  # steps with a gain or a loss
    learning: Any  # LearningStats, or None for agents that do not learn
    weighted: Any = None  # WeightedStats, or None where all steps weigh the same
    cost: Float[Array, ""] | None = None  # of working, for agents that have one
    path: Path | None = None  # where it went, if asked for


@chex.dataclass(frozen=True, kw_only=True)
class LearningStats:
    """Sums over the steps of an episode."""

    abs_dw: Float[Array, ""]
    abs_dw_on_event: Float[Array, ""]
    abs_modulator: Float[Array, ""]


@chex.dataclass(frozen=True, kw_only=True)
class WeightedStats:
    """What counts in fitness where early steps weigh differently."""

    t_alive: Float[Array, ""]  # sum of the weights of the steps lived
    energy_gained: Float[Array, ""]


@chex.dataclass(frozen=True, kw_only=True)
class EpisodeState:
    """All that changes within an episode. After death only `stats` has a meaning."""

    world: Any
    observation: Any
    body: Any
    stats: EpisodeStats


class Episode(NamedTuple):
    """An agent and a world put together: pure functions of one episode."""

    reset: Callable[[Key], tuple[Any, Any, Key]]
    """(key) -> (world, observation, key of the steps)."""
    start: Callable[[Any, Any, Any], EpisodeState]
    """(world, observation, params) -> state before the first step."""
    step: Callable[[Key, Int[Array, ""], Any, EpisodeState], EpisodeState]
    """(key of the steps, t, params, state) -> state."""
    steps: int
    """Length of a whole episode, T."""


def episode(
    env: AnyEnv, agent: Agent, nursing: Nursing = ADULT, paths: Paths | None = None
) -> Episode:
    """Puts an agent into a world, nursed or not, its path kept or not.

    Example:
      >>> from koki2 import agents, envs
      >>> stays = episode(envs.chemotaxis(), agents.stay())
      >>> end = run_episode(jax.random.key(0), stays, None)
      >>> int(end.stats.t_alive), int(end.stats.actions[0])
      (128, 128)
    """
    sense = on_map(env).privileged_state if agent.uses_privileged_state else None
    parts = _Parts(env, agent, nursing, paths, sense)
    return Episode(
        reset=functools.partial(_reset, parts),
        start=functools.partial(_start, parts),
        step=functools.partial(_step, parts),
        steps=env.steps,
    )


class _Parts(NamedTuple):
    """What an episode is put together from."""

    env: AnyEnv
    agent: Agent
    nursing: Nursing
    paths: Paths | None
    sense: Callable[[Any], Any] | None
    """World -> what the agent observes in place of the senses."""


def _reset(parts: _Parts, key: Key) -> tuple[Any, Any, Key]:
    key_birth, key_life = jax.random.split(key)
    world, observation = parts.env.init(key_birth)
    return world, parts.sense(world) if parts.sense else observation, key_life


def _start(parts: _Parts, world: Any, observation: Any, params: Any) -> EpisodeState:
    stats = _no_steps(
        parts.env.num_actions,
        learns=parts.agent.learn is not None,
        weighs=parts.nursing.weight is not None,
        costs=parts.agent.cost is not None,
    )
    if parts.paths is not None:
        path = parts.paths.start(on_map(parts.env).privileged_state(world).position)
        stats = dataclasses.replace(stats, path=path)
    body = parts.agent.init(params)
    return EpisodeState(world=world, observation=observation, body=body, stats=stats)


def _step(
    parts: _Parts, key_life: Key, t: Int[Array, ""], params: Any, state: EpisodeState
) -> EpisodeState:
    agent, nursing = parts.agent, parts.nursing
    key_t = jax.random.fold_in(key_life, t)
    key_act, key_world = jax.random.split(key_t)
    seen = state.observation
    if nursing.sense is not None:
        seen = nursing.sense(key_t, t, seen, params)
    body, action = agent.act(key_act, params, state.body, seen)
    if nursing.motor is not None:
        action = nursing.motor(key_t, t, action)
    care = nursing.care(t) if nursing.care is not None else None
    world, observation, feedback = parts.env.step(key_world, state.world, action, care)
    learning = None
    if agent.learn is not None:
        plasticity = nursing.plasticity(t) if nursing.plasticity else None
        body, learning = agent.learn(params, body, _step_feedback(feedback, plasticity))
    stats, alive = state.stats, state.stats.alive
    stats = _count(stats, action, feedback, learning)
    if nursing.weight is not None:
        stats = _weigh(stats, alive, nursing.weight(t), feedback)
    if agent.cost is not None:
        stats = _charge(stats, alive, agent.cost(params, body))
    if parts.paths is not None:
        position = on_map(parts.env).privileged_state(world).position
        path = parts.paths.step(given(state.stats.path), position, alive)
        stats = dataclasses.replace(stats, path=path)
    observation = parts.sense(world) if parts.sense else observation
    return EpisodeState(world=world, observation=observation, body=body, stats=stats)


def run_episode(
    key: Key, episode: Episode, params, *, steps: int | None = None
) -> EpisodeState:
    """Runs one whole episode, plainly: the reference that `rollout` is tested against.

    Args:
      key: of the episode.
      episode: an agent in a world.
      params: the agent's parameters; None for scripted agents.
      steps: how many; the world's own if None.
    """
    world, observation, key_life = episode.reset(key)
    start = episode.start(world, observation, params)

    def body(state, t):
        return episode.step(key_life, t, params, state), None

    times = jnp.arange(steps or episode.steps, dtype=jnp.int32)
    return jax.lax.scan(body, start, times)[0]


def _step_feedback(feedback: Feedback, plasticity) -> StepFeedback:
    body = counted(feedback)
    return StepFeedback(
        energy_gained=body.energy_gained,
        integrity_lost=body.integrity_lost,
        drive_fall=body.drive_fall,
        plasticity=plasticity,
    )


def _no_steps(
    num_actions: int, *, learns: bool, weighs: bool, costs: bool
) -> EpisodeStats:
    zero = jnp.float32(0.0)
    sums = LearningStats(abs_dw=zero, abs_dw_on_event=zero, abs_modulator=zero)
    return EpisodeStats(
        alive=jnp.array(True),
        t_alive=jnp.int32(0),
        energy_gained=zero,
        integrity_lost=zero,
        integrity_min=jnp.float32(1.0),
        bad_arrivals=jnp.int32(0),
        success=jnp.array(False),
        actions=jnp.zeros(num_actions, jnp.int32),
        events=jnp.int32(0),
        learning=sums if learns else None,
        weighted=WeightedStats(t_alive=zero, energy_gained=zero) if weighs else None,
        cost=zero if costs else None,
    )


def _count(stats: EpisodeStats, action, feedback: Feedback, learning) -> EpisodeStats:
    """Adds a step to the stats of the living; those of the dead stay."""
    alive = stats.alive
    one = alive.astype(jnp.int32)
    plus = lambda total, new: jnp.where(alive, total + new, total)
    body = counted(feedback)
    event = (body.energy_gained > 0) | (body.integrity_lost > 0)
    sums = stats.learning
    if learning is not None:
        on_event = jnp.where(event, learning.abs_dw, 0.0)
        sums = LearningStats(
            abs_dw=plus(sums.abs_dw, learning.abs_dw),
            abs_dw_on_event=plus(sums.abs_dw_on_event, on_event),
            abs_modulator=plus(sums.abs_modulator, learning.abs_modulator),
        )
    kinds = jnp.arange(stats.actions.shape[0], dtype=action.dtype)
    lowest = jnp.minimum(stats.integrity_min, body.integrity)
    return dataclasses.replace(
        stats,
        alive=alive & ~(feedback.terminated | feedback.truncated),
        t_alive=stats.t_alive + one,
        energy_gained=plus(stats.energy_gained, body.energy_gained),
        integrity_lost=plus(stats.integrity_lost, body.integrity_lost),
        integrity_min=jnp.where(alive, lowest, stats.integrity_min),
        bad_arrivals=plus(stats.bad_arrivals, body.bad_arrivals),
        success=stats.success | (alive & body.reached),
        actions=stats.actions + (alive & (action == kinds)).astype(jnp.int32),
        events=stats.events + (alive & event).astype(jnp.int32),
        learning=sums,
    )


def _weigh(stats: EpisodeStats, alive, weight, feedback: Feedback) -> EpisodeStats:
    before = stats.weighted
    plus = lambda total, new: jnp.where(alive, total + new, total)
    weighted = WeightedStats(
        t_alive=plus(before.t_alive, weight),
        energy_gained=plus(
            before.energy_gained, weight * counted(feedback).energy_gained
        ),
    )
    return dataclasses.replace(stats, weighted=weighted)


def _charge(
    stats: EpisodeStats, alive: Bool[Array, ""], cost: Float[Array, ""]
) -> EpisodeStats:
    before = given(stats.cost)
    return dataclasses.replace(stats, cost=jnp.where(alive, before + cost, before))
