"""One life: an agent in a world from birth to death.

    key_birth, key_life = split(key)
    at step t:  key_act, key_world = split(fold_in(key_life, t))

The same keys serve agents and baselines, so that two of them can be compared life by
life; nursing folds constants of its own into the key of a step, and shifts nothing.
Nothing here is batched: `rollout` runs many lives fast, by this same `step`.
"""

import dataclasses
from typing import Any, NamedTuple

import chex
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from koki2.agents.base import Agent, Consequence
from koki2.core.types import Key
from koki2.envs.base import Env, Feedback
from koki2.evolution.nursing import ADULT, Nursing
from koki2.evolution.path import Path, Paths


@chex.dataclass(frozen=True, kw_only=True)
class Tally:
    """What a life adds up to, counted while alive."""

    alive: Bool[Array, ""]  # so far; at the end: was not ended by anything
    t_alive: Int[Array, ""]  # steps lived
    energy_gained: Float[Array, ""]
    integrity_lost: Float[Array, ""]
    integrity_min: Float[Array, ""]
    bad_arrivals: Int[Array, ""]
    success: Bool[Array, ""]  # ever stood on a good source
    actions: Int[Array, " A"]  # how often each was carried out
    events: Int[Array, ""]  # steps with a gain or a loss
    learning: Any  # LearningTally, or None for agents that do not learn
    weighted: Any = None  # WeightedTally, or None where all steps weigh the same
    cost: Float[Array, ""] | None = None  # of working, for agents that say
    path: Path | None = None  # where it went, if asked for


@chex.dataclass(frozen=True, kw_only=True)
class LearningTally:
    """Sums over the steps of a life."""

    abs_dw: Float[Array, ""]
    abs_dw_on_event: Float[Array, ""]
    abs_modulator: Float[Array, ""]


@chex.dataclass(frozen=True, kw_only=True)
class WeightedTally:
    """What counts in fitness where the steps of the young weigh differently."""

    t_alive: Float[Array, ""]  # sum of the weights of the steps lived
    energy_gained: Float[Array, ""]


@chex.dataclass(frozen=True, kw_only=True)
class Life:
    """All that changes within a life. After death, only `tally` is meant to be read."""

    world: Any
    observation: Any
    body: Any
    tally: Tally


class Lifetime(NamedTuple):
    """An agent and a world put together: pure functions of one life."""

    world_birth: Any  # (key) -> (world, observation, key_life)
    birth: Any  # (world, observation, params) -> Life
    step: Any  # (key_life, t, params, Life) -> Life
    steps: int


def lifetime(
    env: Env, agent: Agent, nursing: Nursing = ADULT, paths: Paths | None = None
) -> Lifetime:
    """Puts an agent into a world, nursed or not, its path kept or not.

    Example:
      >>> from koki2 import agents, envs
      >>> life = lifetime(envs.chemotaxis(), agents.stay())
      >>> end = live(jax.random.key(0), life, None)
      >>> int(end.tally.t_alive), int(end.tally.actions[0])
      (128, 128)
    """
    sense = env.reveal if agent.sees_truth else None

    def world_birth(key: Key):
        key_birth, key_life = jax.random.split(key)
        world, observation = env.init(key_birth)
        return world, sense(world) if sense else observation, key_life

    def birth(world, observation, params) -> Life:
        tally = _blank(
            env.num_actions,
            learns=agent.learn is not None,
            weighs=nursing.weight is not None,
            costs=agent.cost is not None,
        )
        if paths is not None:
            path = paths.start(env.reveal(world).position)
            tally = dataclasses.replace(tally, path=path)
        body = agent.init(params)
        return Life(world=world, observation=observation, body=body, tally=tally)

    def step(key_life: Key, t: Int[Array, ""], params, life: Life) -> Life:
        key_t = jax.random.fold_in(key_life, t)
        key_act, key_world = jax.random.split(key_t)
        seen, care = life.observation, None
        if nursing.sense is not None:
            seen = nursing.sense(key_t, t, seen)
        body, action = agent.act(key_act, params, life.body, seen)
        if nursing.motor is not None:
            action = nursing.motor(key_t, t, action)
        if nursing.care is not None:
            care = nursing.care(t)
        world, observation, feedback = env.step(key_world, life.world, action, care)
        learnt = None
        if agent.learn is not None:
            felt = Consequence(
                energy_gained=feedback.energy_gained,
                integrity_lost=feedback.integrity_lost,
                drive_fall=feedback.drive_fall,
                plasticity=nursing.plasticity(t) if nursing.plasticity else None,
            )
            body, learnt = agent.learn(params, body, felt)
        tally = _count(life.tally, action, feedback, learnt)
        if nursing.weight is not None:
            tally = _weigh(tally, life.tally.alive, nursing.weight(t), feedback)
        if agent.cost is not None:
            tally = _charge(tally, life.tally.alive, agent.cost(params, body))
        if paths is not None:
            place, alive = env.reveal(world).position, life.tally.alive
            path = paths.step(life.tally.path, place, alive)
            tally = dataclasses.replace(tally, path=path)
        return Life(
            world=world,
            observation=sense(world) if sense else observation,
            body=body,
            tally=tally,
        )

    return Lifetime(world_birth, birth, step, env.steps)


def live(key: Key, life: Lifetime, params, *, steps: int | None = None) -> Life:
    """One whole life, plainly: the reference that `rollout` is tested against."""
    world, observation, key_life = life.world_birth(key)
    start = life.birth(world, observation, params)

    def body(state, t):
        return life.step(key_life, t, params, state), None

    times = jnp.arange(steps or life.steps, dtype=jnp.int32)
    return jax.lax.scan(body, start, times)[0]


def _blank(num_actions: int, *, learns: bool, weighs: bool, costs: bool) -> Tally:
    zero = jnp.float32(0.0)
    sums = LearningTally(abs_dw=zero, abs_dw_on_event=zero, abs_modulator=zero)
    return Tally(
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
        weighted=WeightedTally(t_alive=zero, energy_gained=zero) if weighs else None,
        cost=zero if costs else None,
    )


def _count(tally: Tally, action, feedback: Feedback, learnt) -> Tally:
    """Adds a step to the tally of the living; that of the dead stays."""
    alive = tally.alive
    one = alive.astype(jnp.int32)
    plus = lambda total, new: jnp.where(alive, total + new, total)
    event = (feedback.energy_gained > 0) | (feedback.integrity_lost > 0)
    learning = tally.learning
    if learnt is not None:
        on_event = jnp.where(event, learnt.abs_dw, 0.0)
        learning = LearningTally(
            abs_dw=plus(learning.abs_dw, learnt.abs_dw),
            abs_dw_on_event=plus(learning.abs_dw_on_event, on_event),
            abs_modulator=plus(learning.abs_modulator, learnt.abs_modulator),
        )
    kinds = jnp.arange(tally.actions.shape[0], dtype=action.dtype)
    lowest = jnp.minimum(tally.integrity_min, feedback.integrity)
    return dataclasses.replace(
        tally,
        alive=alive & ~(feedback.terminated | feedback.truncated),
        t_alive=tally.t_alive + one,
        energy_gained=plus(tally.energy_gained, feedback.energy_gained),
        integrity_lost=plus(tally.integrity_lost, feedback.integrity_lost),
        integrity_min=jnp.where(alive, lowest, tally.integrity_min),
        bad_arrivals=plus(tally.bad_arrivals, feedback.bad_arrivals),
        success=tally.success | (alive & feedback.reached),
        actions=tally.actions + (alive & (action == kinds)).astype(jnp.int32),
        events=tally.events + (alive & event).astype(jnp.int32),
        learning=learning,
    )


def _weigh(tally: Tally, alive, weight, feedback: Feedback) -> Tally:
    before = tally.weighted
    plus = lambda total, new: jnp.where(alive, total + new, total)
    weighted = WeightedTally(
        t_alive=plus(before.t_alive, weight),
        energy_gained=plus(before.energy_gained, weight * feedback.energy_gained),
    )
    return dataclasses.replace(tally, weighted=weighted)


def _charge(tally: Tally, alive, cost) -> Tally:
    return dataclasses.replace(
        tally, cost=jnp.where(alive, tally.cost + cost, tally.cost)
    )
