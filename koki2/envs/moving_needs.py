"""Moving needs (L4.2): the seasons turn unseen, and with them what a body needs most.

When it is hot hydration falls four times as fast and weighs more in the drive, when it
is cold energy does. Which season a life begins in and when it turns is drawn anew for
every life, and no sense tells: it is felt by the stores alone. Left alone, the store of
a season that lasts is empty after 32 steps.

Cells are (x, y) from the north-west corner; stores are in [0, 1], 1 is full. A source
that is arrived at comes back in another cell at once. What a full store has no room
for is not taken in, and does not count. Each step's fall of the drive is weighed by
the season of that step, so that a turn by itself is no event.

Source: seed 002, the ladder's L4 (drive weights that switch); the numbers are ours.
"""

import dataclasses

import chex
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from koki2.core.types import Key
from koki2.envs.base import (
    BodyFeedback,
    Care,
    Feedback,
    MapEnv,
    Policy,
    PrivilegedState,
)
from koki2.envs.configs import MovingNeedsConfig
from koki2.envs.foraging import lived, met, smell, worths
from koki2.envs.grid import cells, drive, moved, towards

VERSION = 1
KINDS = ("food", "water")


@chex.dataclass(frozen=True, kw_only=True)
class MovingNeedsState:
    """One life. S turns of the season."""

    t: Int[Array, ""]  # steps lived
    position: Int[Array, "2"]  # cells
    source: Int[Array, "K 2"]  # cells, food first
    hot_at_birth: Bool[Array, ""]
    turn: Int[Array, " S"]  # the step from which it is the other season
    store: Float[Array, "2"]  # energy, hydration


def moving_needs(config: MovingNeedsConfig = MovingNeedsConfig()) -> MapEnv:
    """Builds the world. See the module for the task, `MovingNeedsConfig` for knobs.

    The observation is `[fx, fy, wx, wy, energy, hydration]`: f points at the nearest
    food and w at the nearest water, in units of the world's size.

    Example:
      >>> env = moving_needs()
      >>> state, observation = env.init(jax.random.key(0))
      >>> observation.shape, observation[4:].tolist(), state.turn.shape
      ((6,), [1.0, 1.0], (2,))
    """
    size = np.array([config.width, config.height], np.int32)
    span = (size - 1).astype(np.float32)
    counts = (config.num_food, config.num_water)
    kind = np.repeat(np.arange(2, dtype=np.int32), counts)
    gain = np.float32([config.energy_gain, config.hydration_gain])
    decay = np.float32([config.energy_decay, config.hydration_decay])
    effect = np.eye(2, dtype=np.float32)[kind] * gain  # [K, 2]
    ends = np.arange(config.turns + 1) * config.steps // max(config.turns, 1)
    ends = ends.astype(np.int32)  # of the stretches of life with a turn each

    def init(key: Key) -> tuple[MovingNeedsState, Float[Array, "6"]]:
        key_source, key_start, key_season, key_turn = jax.random.split(key, 4)
        shape = (config.turns,)
        state = MovingNeedsState(
            t=jnp.int32(0),
            position=cells(key_start, 1, size)[0],
            source=cells(key_source, len(kind), size),
            hot_at_birth=jax.random.bernoulli(key_season),
            turn=jax.random.randint(key_turn, shape, ends[:-1], ends[1:]),
            store=jnp.array([config.energy_init, config.hydration_init], jnp.float32),
        )
        return state, observe(state)

    def season(state: MovingNeedsState):
        """What living costs and what needs weigh just now: [2] each."""
        turned = jnp.sum(state.t >= state.turn, dtype=jnp.int32) % 2 == 1
        hot = state.hot_at_birth ^ turned
        pressed = jnp.stack([~hot, hot])
        cost = jnp.where(pressed, config.pressed_rate * decay, decay)
        return cost, jnp.where(pressed, jnp.float32(config.pressed_weight), 1.0)

    def observe(state: MovingNeedsState) -> Float[Array, "6"]:
        smelt = smell(state.source, state.position, counts, span)
        return jnp.concatenate([smelt, state.store])

    def step(
        key: Key,
        state: MovingNeedsState,
        action: Int[Array, ""],
        care: Care | None = None,
    ) -> tuple[MovingNeedsState, Float[Array, "6"], Feedback]:
        position = moved(state.position, action, size)
        here, arrived = met(state.source, state.position, position)
        meal = jnp.sum(jnp.where(arrived[:, None], effect, 0.0), axis=0)
        cost, weights = season(state)
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
            drive_fall=drive(state.store, weights) - drive(store, weights),
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

    def privileged_state(state: MovingNeedsState) -> PrivilegedState:
        cost, weights = season(state)
        worth = worths(
            state.store, cost=cost, effect=jnp.asarray(effect), weights=weights
        )
        return PrivilegedState(
            position=state.position,
            source=state.source,
            worth=worth,
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
        competent=_most_for_the_way(config, span),
    )


def _most_for_the_way(config: MovingNeedsConfig, span: np.ndarray) -> Policy:
    """Goes for what most lowers the drive for the way there, as it feels the season.

    It remembers the stores as they were and which fell faster while both fell: 1 if
    that was hydration, -1 energy, 0 before it could tell.
    """
    effect = np.diag(np.float32([config.energy_gain, config.hydration_gain]))

    def choose(key, memory, observation):
        del key
        hot, before = memory
        store, smelt = observation[4:6], observation[:4].reshape(2, 2)
        fall = before - store
        told = jnp.all(fall > 0) & (jnp.abs(fall[1] - fall[0]) > 1e-4)
        hot = jnp.where(told, jnp.sign(fall[1] - fall[0]), hot)
        pressed = jnp.stack([hot < 0, hot > 0])
        weights = jnp.where(pressed, jnp.float32(config.pressed_weight), 1.0)
        worth = worths(store, cost=0.0, effect=jnp.asarray(effect), weights=weights)
        far = jnp.sum(jnp.abs(smelt) * span[None], axis=1)  # cells
        value = worth / (jnp.where(far == 0, 2.0, far) + 1.0)  # 2: off and on again
        gx, gy = jnp.where(value[1] > value[0], smelt[1], smelt[0])
        return (hot, store), towards(gx, gy)

    return Policy(memory=(jnp.float32(0.0), jnp.ones(2, jnp.float32)), choose=choose)
