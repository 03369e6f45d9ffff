"""Sparse (L4.0): a wide map, little food, and a nose that does not reach far.

Beyond a few cells nothing is smelled at all, so most of a life is search, and how one
searches decides it: following what is smelled is not enough, nor is wandering, which
comes back to where it was. The world's edge is felt, which helps to sweep a map row by
row. Energy lasts for a search: without food a life ends after 80 steps.

Cells are (x, y) from the north-west corner; energy is in [0, 1], 1 is full. A source
that is arrived at is in another cell at once.

Source: seed 002, the ladder's L4 (sparse worlds); sizes are ours.
"""

import chex
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from koki2.core.types import Key
from koki2.envs.base import Action, Care, Feedback, MapEnv, Observation
from koki2.envs.body import arrivals, live, number, truth
from koki2.envs.configs import SparseConfig
from koki2.envs.grid import Map, nearest, SIDES
from koki2.envs.on_map import on_map
from koki2.envs.policies.search import sweep

VERSION = 1


@chex.dataclass(frozen=True, kw_only=True)
class SparseState:
    """One life."""

    t: Int[Array, ""]  # steps lived
    position: Int[Array, "2"]  # cells
    source: Int[Array, "K 2"]  # cells
    energy: Float[Array, ""]


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

    def start(key: Key) -> SparseState:
        key_source, key_start = jax.random.split(key)
        return SparseState(
            t=jnp.int32(0),
            position=map.cells(key_start, 1)[0],
            source=map.cells(key_source, config.num_sources),
            energy=jnp.float32(config.energy_init),
        )

    def observe(state: SparseState) -> Observation:
        offset = state.source - state.position[None]
        near = jnp.sum(offset * offset, axis=1) <= config.smell_range**2
        gradient = nearest(offset, near).astype(jnp.float32) / config.smell_range
        edge = map.outside(state.position[None] + SIDES).astype(jnp.float32)
        return jnp.concatenate([gradient, state.energy[None], edge])

    def advance(
        key: Key, state: SparseState, action: Action, care: Care | None
    ) -> tuple[SparseState, Feedback]:
        position = map.move(state.position, action)
        standing, arrived = arrivals(state.source, state.position, position)
        fresh = map.cells(key, config.num_sources)
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

    return on_map(
        map,
        start=start,
        advance=advance,
        observe=observe,
        privileged_state=lambda state: truth(state, config.energy_gain),
        observation_size=7,
        steps=config.steps,
        version=VERSION,
        needs=("energy",),
        competent=sweep(2 * config.smell_range),
    )
