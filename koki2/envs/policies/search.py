"""Scripted ways of worlds in which food must be searched for."""

import jax.numpy as jnp
import numpy as np

from koki2.core.types import Key
from koki2.envs.base import Memory, Observation, Policy
from koki2.envs.grid import DOWN, LEFT, RIGHT, towards, UP


def sweep(stride: int) -> Policy:
    """Goes for what it smells; otherwise sweeps the map from edge to edge.

    At an edge it goes `stride` rows on, and back; in a corner, the other way. It
    remembers where it was heading along rows (1 east, -1 west) and across them
    (1 south, -1 north), and how many steps across are left.
    """

    def choose(key: Key | None, memory: Memory, observation: Observation):
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


def migrant(span: np.ndarray) -> Policy:
    """Eats what lies in one half of the map; when that feeds no more, in the other.

    It remembers its half (1 east, -1 west, 0 any yet), its energy, and whether the
    move it makes leads onto a source.
    """

    def choose(key: Key | None, memory: Memory, observation: Observation):
        del key
        side, energy, bites = memory
        g, place = observation[:2] * span, observation[3]
        missed = bites & (observation[2] < energy)  # a full store stays full
        here = jnp.where(place >= 0, 1, -1)
        side = jnp.where(missed, -here, side).astype(jnp.int32)
        smelled = jnp.where(place + 2 * observation[0] >= -1e-3, 1, -1)  # its half
        away = (side != 0) & (smelled != side)
        cross = jnp.where(side > 0, RIGHT, LEFT)
        action = jnp.where(away, cross, towards(g[0], g[1])).astype(jnp.int32)
        bites = ~away & (jnp.sum(jnp.abs(g)) < 1.5)
        return (side, observation[2], bites), action

    memory = (jnp.int32(0), jnp.float32(0.0), jnp.array(False))
    return Policy(memory=memory, choose=choose)
