"""Two needs (L2.0): food and water, two stores, and death when either is empty.

Food and water are told apart by the senses, and each store falls by itself, so that
what to go for depends on how the body is: who always eats dies of thirst, with a full
stomach. Neglected, either store ends a life after 40 steps.

Cells are (x, y) from the north-west corner; stores are in [0, 1], 1 is full. A source
that is arrived at comes back in another cell at once. What a full store has no room
for is not taken in, and does not count.

Source: seed 002, the ladder's L2.0 (energy and hydration); the numbers are ours.
"""

import dataclasses

import chex
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from koki2.core.types import Key
from koki2.envs.base import (
    BodyFeedback,
    Care,
    Feedback,
    MapEnv,
    Policy,
    PrivilegedState,
)
from koki2.envs.configs import TwoNeedsConfig
from koki2.envs.foraging import lived, met, smell, worths
from koki2.envs.grid import cells, drive, moved, towards

VERSION = 1
KINDS = ("food", "water")


@chex.dataclass(frozen=True, kw_only=True)
class TwoNeedsState:
    """One life."""

    t: Int[Array, ""]  # steps lived
    position: Int[Array, "2"]  # cells
    source: Int[Array, "K 2"]  # cells, food first
    store: Float[Array, "2"]  # energy, hydration


def two_needs(config: TwoNeedsConfig = TwoNeedsConfig()) -> MapEnv:
    """Builds the world. See the module for the task, `TwoNeedsConfig` for knobs.

    The observation is `[fx, fy, wx, wy, energy, hydration]`: f points at the nearest
    food and w at the nearest water, in units of the world's size.

    Example:
      >>> env = two_needs()
      >>> state, observation = env.init(jax.random.key(0))
      >>> env.needs, observation.shape, observation[4:].tolist()
      (('energy', 'hydration'), (6,), [1.0, 1.0])
    """
    size = np.array([config.width, config.height], np.int32)
    span = (size - 1).astype(np.float32)
    counts = (config.num_food, config.num_water)
    kind = np.repeat(np.arange(2, dtype=np.int32), counts)
    gain = np.float32([config.energy_gain, config.hydration_gain])
    cost = np.float32([config.energy_decay, config.hydration_decay])
    effect = np.eye(2, dtype=np.float32)[kind] * gain  # [K, 2]

    def init(key: Key) -> tuple[TwoNeedsState, Float[Array, "6"]]:
        key_source, key_start = jax.random.split(key)
        state = TwoNeedsState(
            t=jnp.int32(0),
            position=cells(key_start, 1, size)[0],
            source=cells(key_source, len(kind), size),
            store=jnp.array([config.energy_init, config.hydration_init], jnp.float32),
        )
        return state, observe(state)

    def observe(state: TwoNeedsState) -> Float[Array, "6"]:
        smelt = smell(state.source, state.position, counts, span)
        return jnp.concatenate([smelt, state.store])

    def step(
        key: Key,
        state: TwoNeedsState,
        action: Int[Array, ""],
        care: Care | None = None,
    ) -> tuple[TwoNeedsState, Float[Array, "6"], Feedback]:
        position = moved(state.position, action, size)
        here, arrived = met(state.source, state.position, position)
        meal = jnp.sum(jnp.where(arrived[:, None], effect, 0.0), axis=0)
        store, taken = lived(state.store, cost=cost, gain=meal, care=care)
        fresh = cells(key, len(kind), size)
        after = dataclasses.replace(
            state,
            t=state.t + 1,
            position=position,
            source=jnp.where(arrived[:, None], fresh, state.source),
            store=store,
        )
        body = BodyFeedback(
            energy_gained=jnp.sum(taken),
            integrity_lost=jnp.float32(0.0),
            drive_fall=drive(state.store) - drive(store),
            integrity=jnp.float32(1.0),
            bad_arrivals=jnp.int32(0),
            reached=jnp.any(here),
        )
        feedback = Feedback(
            reward=body.drive_fall,
            terminated=jnp.any(store <= 0.0),
            truncated=after.t >= config.steps,
            body=body,
        )
        return after, observe(after), feedback

    def privileged_state(state: TwoNeedsState) -> PrivilegedState:
        return PrivilegedState(
            position=state.position,
            source=state.source,
            worth=worths(state.store, cost=cost, effect=jnp.asarray(effect)),
            active=jnp.ones(len(kind), bool),
            needs=state.store,
            kind=jnp.asarray(kind),
        )

    return MapEnv(
        init=init,
        step=step,
        privileged_state=privileged_state,
        observation_size=6,
        steps=config.steps,
        version=VERSION,
        size=(config.width, config.height),
        needs=("energy", "hydration"),
        kinds=KINDS,
        competent=_for_the_emptier(),
    )


def _for_the_emptier() -> Policy:
    """Goes for what fills the emptier store; energy wins ties. Remembers nothing."""

    def choose(key, memory, observation):
        del key
        fx, fy, wx, wy, energy, hydration = observation
        thirsty = hydration < energy
        go = towards(jnp.where(thirsty, wx, fx), jnp.where(thirsty, wy, fy))
        return memory, go

    return Policy(memory=None, choose=choose)
