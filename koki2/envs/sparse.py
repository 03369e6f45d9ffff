"""Sparse (L4.0): a wide map, little food, and a nose that does not reach far.

Beyond a few cells nothing is smelled at all, so most of a life is search, and how one
searches decides it: following what is smelled is not enough, nor is wandering, which
comes back to where it was. The world's edge is felt, which helps to sweep a map row by
row. Energy lasts for a search: without food a life ends after 80 steps.

Cells are (x, y) from the north-west corner; energy is in [0, 1], 1 is full. A source
that is arrived at is in another cell at once.

Source: seed 002, the ladder's L4 (sparse worlds); sizes are ours.
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
from koki2.envs.configs import SparseConfig
from koki2.envs.grid import cells, drive, moved, nearest, towards

VERSION = 1
UP, DOWN, LEFT, RIGHT = 1, 2, 3, 4


@chex.dataclass(frozen=True, kw_only=True)
class SparseState:
    """One life."""

    t: Int[Array, ""]  # steps lived
    position: Int[Array, "2"]  # cells
    source: Int[Array, "K 2"]  # cells
    energy: Float[Array, ""]


def sparse(config: SparseConfig = SparseConfig()) -> MapEnv:
    """Builds the world. See the module for the task, `SparseConfig` for knobs.

    The observation is `[gx, gy, energy]`, g pointing to the nearest source within the
    range of smell, in units of that range; zero if there is none; then 1 or 0 for each
    of the four sides (up, down, left, right) that is the edge of the world.

    Example:
      >>> env = sparse()
      >>> state, observation = env.init(jax.random.key(0))
      >>> env.size, env.steps, observation.shape, float(observation[2])
      ((64, 64), 256, (7,), 1.0)
    """
    size = np.array([config.width, config.height], np.int32)

    def init(key: Key) -> tuple[SparseState, Float[Array, "7"]]:
        key_source, key_start = jax.random.split(key)
        state = SparseState(
            t=jnp.int32(0),
            position=cells(key_start, 1, size)[0],
            source=cells(key_source, config.num_sources, size),
            energy=jnp.float32(config.energy_init),
        )
        return state, observe(state)

    def observe(state: SparseState) -> Float[Array, "7"]:
        offset = state.source - state.position[None]
        near = jnp.sum(offset * offset, axis=1) <= config.smell_range**2
        gradient = nearest(offset, near).astype(jnp.float32) / config.smell_range
        x, y = state.position[0], state.position[1]
        edge = jnp.stack([y == 0, y == size[1] - 1, x == 0, x == size[0] - 1])
        return jnp.concatenate([gradient, state.energy[None], edge.astype(jnp.float32)])

    def step(
        key: Key,
        state: SparseState,
        action: Int[Array, ""],
        care: Care | None = None,
    ) -> tuple[SparseState, Float[Array, "7"], Feedback]:
        before = state.position
        position = moved(before, action, size)
        here = jnp.all(state.source == position[None], axis=1)
        arrived = here & ~jnp.all(state.source == before[None], axis=1)
        meals = jnp.sum(arrived, dtype=jnp.int32).astype(jnp.float32)
        gained, decay = config.energy_gain * meals, config.energy_decay
        if care is not None:
            gained, decay = care.richness * gained, care.metabolism * decay
        energy = jnp.clip(state.energy - decay + gained, 0.0, 1.0)
        if care is not None:
            energy = jnp.maximum(energy, care.buffer)
        fresh = cells(key, config.num_sources, size)
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

    def privileged_state(state: SparseState) -> PrivilegedState:
        return PrivilegedState(
            position=state.position,
            source=state.source,
            worth=jnp.full(config.num_sources, config.energy_gain, jnp.float32),
            active=jnp.ones(config.num_sources, bool),
            needs=state.energy[None],
        )

    return MapEnv(
        init=init,
        step=step,
        privileged_state=privileged_state,
        observation_size=7,
        steps=config.steps,
        version=VERSION,
        size=(config.width, config.height),
        needs=("energy",),
        competent=_sweep(2 * config.smell_range),
    )


def _sweep(stride: int) -> Policy:
    """Goes for what it smells; otherwise sweeps the map from edge to edge.

    At an edge it goes `stride` rows on, and back; in a corner, the other way. It
    remembers where it was heading along rows (1 east, -1 west) and across them
    (1 south, -1 north), and how many steps across are left.
    """

    def choose(key, memory, observation):
        del key
        along, across, left = memory
        gx, gy = observation[0], observation[1]
        up, down, west, east = (observation[i] > 0 for i in range(3, 7))
        smells = (gx != 0) | (gy != 0)
        ends = ((along > 0) & east) | ((along < 0) & west)
        bottom = ((across > 0) & down) | ((across < 0) & up)
        starts = (left == 0) & ends
        across = jnp.where(bottom & starts, -across, across)
        left = jnp.where(starts, stride, jnp.where(bottom, 0, left))
        along = jnp.where(starts, -along, along)
        shifts = left > 0
        row = jnp.where(along > 0, RIGHT, LEFT)
        column = jnp.where(across > 0, DOWN, UP)
        search = jnp.where(shifts, column, row)
        action = jnp.where(smells, towards(gx, gy), search).astype(jnp.int32)
        left = jnp.where(shifts & ~smells, left - 1, left)
        return (along, across, left), action

    memory = (jnp.int32(1), jnp.int32(1), jnp.int32(0))
    return Policy(memory=memory, choose=choose)
