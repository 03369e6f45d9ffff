"""Sparse (L4.0): a wide map, little food, and a nose that does not reach far.

Beyond a few cells nothing is smelled at all, so most of a life is search, and how one
searches decides it: following what is smelled is not enough, nor is wandering, which
comes back to where it was. The world's edge is sensed, which helps to sweep a map row
by row. Energy lasts for a search: without food a life ends after 80 steps.

Units are those of `foraging`.
Source: seed 002, the ladder's L4 (sparse worlds); sizes are ours.
"""

import jax
import jax.numpy as jnp

from koki2.core.types import Key
from koki2.envs.base import MapEnv, Observation
from koki2.envs.body import needs_of
from koki2.envs.configs import SparseConfig
from koki2.envs.foraging import ForagerState, foraging, Start
from koki2.envs.grid import Map, nearest
from koki2.envs.senses import fill_of, gradient_to, Sense
from koki2.policies.goals import sweep
from koki2.policies.moves import SIDES


def sparse(config: SparseConfig = SparseConfig()) -> MapEnv:
    """Builds the world of this module; `SparseConfig` has its settings.

    The observation is `[gx, gy, energy]`, g pointing to the nearest source within the
    range of smell, in units of that range; zero if there is none; then 1 or 0 for each
    of the four sides (up, down, left, right) that is the edge of the world.

    Example:
      >>> env = sparse()
      >>> state, observation = env.init(jax.random.key(0))
      >>> env.size, env.steps, observation.shape, float(observation[2])
      ((64, 64), 256, (7,), 1.0)
    """
    map = Map(config.width, config.height)

    def start(key: Key) -> Start:
        key_source, key_start = jax.random.split(key)
        source = map.cells(key_source, config.num_sources)
        return map.cells(key_start, 1)[0], source, None

    def observe(state: ForagerState) -> Observation:
        offset = state.source - state.position[None]
        near = jnp.sum(offset * offset, axis=1) <= config.smell_range**2
        gradient = nearest(offset, near).astype(jnp.float32) / config.smell_range
        edge = map.outside(state.position[None] + SIDES).astype(jnp.float32)
        return jnp.concatenate([gradient, needs_of(state), edge])

    return foraging(
        map,
        config,
        start=start,
        observe=observe,
        senses=[
            gradient_to("gradient", (config.smell_range,) * 2),
            *fill_of("energy"),
            Sense("edge", 4),
        ],
        version=1,
        needs=("energy",),
        competent=sweep(2 * config.smell_range),
    )
