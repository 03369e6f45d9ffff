"""Obstacles (L1.2): the gradient points straight at food, and walls stand in the way.

Rooms in a row are parted by walls with a door each, in another place every life. Who
follows the gradient is stuck at the first wall; to eat one must turn aside, sometimes
away from what one smells, find the door and go on. Energy is a real pressure: without
food a life ends after 40 steps.

Units are those of `foraging`.
Source: seed 002, the ladder's L1.2 (obstacles); rooms and doors are ours.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int

from koki2.core.types import Key
from koki2.envs.base import MapEnv, Observation
from koki2.envs.body import needs_of
from koki2.envs.configs import ObstaclesConfig
from koki2.envs.foraging import ForagerState, foraging, Start
from koki2.envs.grid import Map
from koki2.envs.senses import fill_of, gradient_to, Sense
from koki2.policies.moves import SIDES
from koki2.policies.walls import along_the_wall


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
    free = Map(config.rooms * config.room_width, config.height)  # walls left out

    def start(key: Key) -> Start:
        key_source, key_door, key_start = jax.random.split(key, 3)
        shape = (len(walls), config.doors)
        door = jax.random.randint(key_door, shape, 0, config.height)  # [M, D] rows
        source = free_cells(key_source, config.num_sources)
        return free_cells(key_start, 1)[0], source, door

    def free_cells(key: Key, count: int) -> Int[Array, "K 2"]:
        """Uniform cells outside walls."""
        place = free.cells(key, count)
        x, y = place[:, 0], place[:, 1]
        return jnp.stack([x + x // config.room_width, y], axis=1)

    def blocked(state: ForagerState, place: Int[Array, "C 2"]) -> Bool[Array, " C"]:
        """Which cells are wall, or beyond the edge."""
        x, y, door = place[:, 0], place[:, 1], state.extra
        shut = jnp.all(door[None] != y[:, None, None], axis=2)  # [C, M]
        on_wall = jnp.any((x[:, None] == walls[None]) & shut, axis=1)
        return map.outside(place) | on_wall

    def observe(state: ForagerState) -> Observation:
        seen = [map.gradient(state.source, state.position), needs_of(state)]
        if config.feels_walls:
            sides = blocked(state, state.position[None] + SIDES)
            seen.append(sides.astype(jnp.float32))
        return jnp.concatenate(seen)

    return foraging(
        map,
        config,
        start=start,
        place=lambda key, state: free_cells(key, config.num_sources),
        blocked=blocked,
        observe=observe,
        senses=[
            gradient_to("gradient", map.span),
            *fill_of("energy"),
            Sense("walls", 4 * config.feels_walls),
        ],
        version=1,
        needs=("energy",),
        competent=along_the_wall() if config.feels_walls else None,
    )
