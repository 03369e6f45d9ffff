"""Obstacles (L1.2): the gradient points straight at food, and walls stand in the way.

Rooms in a row are parted by walls with a door each, in another place every life. Who
follows the gradient is stuck at the first wall; to eat one must turn aside, sometimes
away from what one smells, find the door and go on. Energy is a real pressure: without
food a life ends after 40 steps.

Cells are (x, y) from the north-west corner; energy is in [0, 1], 1 is full. A source
that is arrived at comes back in another free cell at once.

Source: seed 002, the ladder's L1.2 (obstacles); rooms and doors are ours.
"""

from functools import partial

import chex
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from koki2.core.types import Key
from koki2.envs.base import Action, Care, Feedback, MapEnv, Observation, PrivilegedState
from koki2.envs.body import arrivals, live, number, truth
from koki2.envs.configs import ObstaclesConfig
from koki2.envs.grid import cells, Map, move_unless, SIDES
from koki2.envs.on_map import on_map
from koki2.envs.policies.walls import along_the_wall

VERSION = 1


@chex.dataclass(frozen=True, kw_only=True)
class ObstaclesState:
    """One life. M walls, each with D doors."""

    t: Int[Array, ""]  # steps lived
    position: Int[Array, "2"]  # cells
    source: Int[Array, "K 2"]  # cells
    door: Int[Array, "M D"]  # cells from the north
    energy: Float[Array, ""]


def obstacles(config: ObstaclesConfig = ObstaclesConfig()) -> MapEnv:
    """Builds the world of this module; `ObstaclesConfig` has its settings.

    The observation is `[gx, gy, energy]`, g pointing straight at the nearest source in
    units of the world's size, then 1 or 0 for each of the four sides (up, down, left,
    right) that is blocked, unless `feels_walls` is off.

    Example:
      >>> env = obstacles()
      >>> state, observation = env.init(jax.random.key(0))
      >>> env.size, observation.shape, float(observation[2])
      ((15, 12), (7,), 1.0)
    """
    map = Map(config.width, config.height)
    walls = np.arange(1, config.rooms, dtype=np.int32) * (config.room_width + 1) - 1
    free = np.array([config.rooms * config.room_width, config.height], np.int32)

    def start(key: Key) -> ObstaclesState:
        key_source, key_door, key_start = jax.random.split(key, 3)
        shape = (len(walls), config.doors)
        return ObstaclesState(
            t=jnp.int32(0),
            position=free_cells(key_start, 1)[0],
            source=free_cells(key_source, config.num_sources),
            door=jax.random.randint(key_door, shape, 0, config.height),
            energy=jnp.float32(config.energy_init),
        )

    def free_cells(key: Key, count: int) -> Int[Array, "K 2"]:
        """Uniform cells outside walls: the walls' columns are left out in counting."""
        place = cells(key, count, free)
        x, y = place[:, 0], place[:, 1]
        return jnp.stack([x + x // config.room_width, y], axis=1)

    def blocked(state: ObstaclesState, place: Int[Array, "C 2"]) -> Bool[Array, " C"]:
        """Which cells are wall, or beyond the edge."""
        x, y = place[:, 0], place[:, 1]
        shut = jnp.all(state.door[None] != y[:, None, None], axis=2)  # [C, M]
        on_wall = jnp.any((x[:, None] == walls[None]) & shut, axis=1)
        return map.outside(place) | on_wall

    def observe(state: ObstaclesState) -> Observation:
        seen = [map.gradient(state.source, state.position), state.energy[None]]
        if config.feels_walls:
            felt = blocked(state, state.position[None] + SIDES)
            seen.append(felt.astype(jnp.float32))
        return jnp.concatenate(seen)

    def advance(
        key: Key, state: ObstaclesState, action: Action, care: Care | None
    ) -> tuple[ObstaclesState, Feedback]:
        position = move_unless(partial(blocked, state), state.position, action)
        standing, arrived = arrivals(state.source, state.position, position)
        fresh = free_cells(key, config.num_sources)
        return live(
            state,
            steps=config.steps,
            cost=config.energy_decay,
            gain=config.energy_gain * number(arrived),
            care=care,
            reached=jnp.any(standing),
            position=position,
            source=jnp.where(arrived[:, None], fresh, state.source),
        )

    def privileged_state(state: ObstaclesState) -> PrivilegedState:
        wall = map.field(partial(blocked, state))
        return truth(state, config.energy_gain, wall=wall)

    return on_map(
        map,
        start=start,
        advance=advance,
        observe=observe,
        privileged_state=privileged_state,
        observation_size=3 + config.feels_walls * len(SIDES),
        steps=config.steps,
        version=VERSION,
        needs=("energy",),
        competent=along_the_wall() if config.feels_walls else None,
    )
