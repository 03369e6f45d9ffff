"""Obstacles (L1.2): the gradient points straight at food, and walls stand in the way.

Rooms in a row are parted by walls with a door each, in another place every life. Who
follows the gradient is stuck at the first wall; to eat one must turn aside, sometimes
away from what one smells, find the door and go on. Energy is a real pressure: without
food a life ends after 40 steps.

Cells are (x, y) from the north-west corner; energy is in [0, 1], 1 is full. A source
that is arrived at comes back in another free cell at once.

Source: seed 002, the ladder's L1.2 (obstacles); rooms and doors are ours.
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
from koki2.envs.configs import ObstaclesConfig
from koki2.envs.grid import cells, drive, moved_if, MOVES, nearest, towards

VERSION = 1
SIDES = np.array(MOVES[1:], np.int32)  # what is felt: up, down, left, right
UP, DOWN, LEFT, RIGHT = 1, 2, 3, 4


@chex.dataclass(frozen=True, kw_only=True)
class ObstaclesState:
    """One life. M walls, each with D doors."""

    t: Int[Array, ""]  # steps lived
    position: Int[Array, "2"]  # cells
    source: Int[Array, "K 2"]  # cells
    door: Int[Array, "M D"]  # cells from the north
    energy: Float[Array, ""]


def obstacles(config: ObstaclesConfig = ObstaclesConfig()) -> MapEnv:
    """Builds the world. See the module for the task, `ObstaclesConfig` for knobs.

    The observation is `[gx, gy, energy]`, g pointing straight at the nearest source in
    units of the world's size, then 1 or 0 for each of the four sides (up, down, left,
    right) that is blocked, unless `feels_walls` is off.

    Example:
      >>> env = obstacles()
      >>> state, observation = env.init(jax.random.key(0))
      >>> env.size, observation.shape, float(observation[2])
      ((15, 12), (7,), 1.0)
    """
    size = np.array([config.width, config.height], np.int32)
    span = np.maximum(size - 1, 1).astype(np.float32)
    walls = np.arange(1, config.rooms, dtype=np.int32) * (config.room_width + 1) - 1
    free = np.array([config.rooms * config.room_width, config.height], np.int32)

    def init(key: Key) -> tuple[ObstaclesState, Float[Array, " O"]]:
        key_source, key_door, key_start = jax.random.split(key, 3)
        shape = (len(walls), config.doors)
        state = ObstaclesState(
            t=jnp.int32(0),
            position=anywhere(key_start, 1)[0],
            source=anywhere(key_source, config.num_sources),
            door=jax.random.randint(key_door, shape, 0, config.height),
            energy=jnp.float32(config.energy_init),
        )
        return state, observe(state)

    def anywhere(key: Key, count: int) -> Int[Array, "K 2"]:
        """Uniform cells outside walls: the walls' columns are left out in counting."""
        place = cells(key, count, free)
        x, y = place[:, 0], place[:, 1]
        return jnp.stack([x + x // config.room_width, y], axis=1)

    def blocked(door: Int[Array, "M D"], place: Int[Array, "C 2"]) -> Bool[Array, " C"]:
        """Which cells are wall, or beyond the edge."""
        x, y = place[:, 0], place[:, 1]
        outside = (x < 0) | (x >= size[0]) | (y < 0) | (y >= size[1])
        shut = jnp.all(door[None] != y[:, None, None], axis=2)  # [C, M]
        return outside | jnp.any((x[:, None] == walls[None]) & shut, axis=1)

    def observe(state: ObstaclesState) -> Float[Array, " O"]:
        offset = state.source - state.position[None]
        straight = nearest(offset, jnp.ones(config.num_sources, bool))
        seen = [straight.astype(jnp.float32) / span, state.energy[None]]
        if config.feels_walls:
            felt = blocked(state.door, state.position[None] + SIDES)
            seen.append(felt.astype(jnp.float32))
        return jnp.concatenate(seen)

    def step(
        key: Key,
        state: ObstaclesState,
        action: Int[Array, ""],
        care: Care | None = None,
    ) -> tuple[ObstaclesState, Float[Array, " O"], Feedback]:
        before = state.position
        position = moved_if(
            before, action, lambda to: ~blocked(state.door, to[None])[0]
        )
        here = jnp.all(state.source == position[None], axis=1)
        arrived = here & ~jnp.all(state.source == before[None], axis=1)
        meals = jnp.sum(arrived, dtype=jnp.int32).astype(jnp.float32)
        gained, decay = config.energy_gain * meals, config.energy_decay
        if care is not None:
            gained, decay = care.richness * gained, care.metabolism * decay
        energy = jnp.clip(state.energy - decay + gained, 0.0, 1.0)
        if care is not None:
            energy = jnp.maximum(energy, care.buffer)
        fresh = anywhere(key, config.num_sources)
        after = dataclasses.replace(
            state,
            t=state.t + 1,
            position=position,
            source=jnp.where(arrived[:, None], fresh, state.source),
            energy=energy,
        )
        body = BodyFeedback(
            energy_gained=gained,
            integrity_lost=jnp.float32(0.0),
            drive_fall=drive(state.energy[None]) - drive(energy[None]),
            integrity=jnp.float32(1.0),
            bad_arrivals=jnp.int32(0),
            reached=jnp.any(here),
        )
        feedback = Feedback(
            reward=body.drive_fall,
            terminated=energy <= 0.0,
            truncated=after.t >= config.steps,
            body=body,
        )
        return after, observe(after), feedback

    def privileged_state(state: ObstaclesState) -> PrivilegedState:
        every = np.stack(np.meshgrid(*map(np.arange, size)), axis=-1).reshape(-1, 2)
        wall = blocked(state.door, jnp.asarray(every, jnp.int32))
        return PrivilegedState(
            position=state.position,
            source=state.source,
            worth=jnp.full(config.num_sources, config.energy_gain, jnp.float32),
            active=jnp.ones(config.num_sources, bool),
            needs=state.energy[None],
            wall=wall.reshape(config.height, config.width),
        )

    return MapEnv(
        init=init,
        step=step,
        privileged_state=privileged_state,
        observation_size=3 + config.feels_walls * len(SIDES),
        steps=config.steps,
        version=VERSION,
        size=(config.width, config.height),
        needs=("energy",),
        competent=_along_the_wall() if config.feels_walls else None,
    )


def _along_the_wall() -> Policy:
    """Goes for the food's column first; at a wall, along it one way until it opens.

    It remembers which way it was going (1 down, -1 up), and turns at the world's edge.
    """

    def choose(key, going, observation):
        del key
        gx, gy = observation[0], observation[1]
        up, down, left, right = (observation[i] > 0 for i in range(3, 7))
        barred = ((gx > 0) & right) | ((gx < 0) & left)
        turned = jnp.where(
            (going > 0) & down, -1, jnp.where((going < 0) & up, 1, going)
        )
        after = jnp.where(barred, turned, jnp.where(gy < 0, -1, 1)).astype(jnp.int32)
        along = jnp.where(after > 0, DOWN, UP)
        straight = towards(jnp.where(gx != 0, gx, 0.0), jnp.where(gx != 0, 0.0, gy))
        return after, jnp.where(barred, along, straight).astype(jnp.int32)

    return Policy(memory=jnp.int32(1), choose=choose)
