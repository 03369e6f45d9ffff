"""Scripted ways of worlds in which one must find out what is what."""

import jax.numpy as jnp
import numpy as np

from koki2.core.types import Key
from koki2.policies.base import Memory, Observation, Policy
from koki2.policies.moves import MOVES, towards


def win_stay_lose_shift(span: np.ndarray) -> Policy:
    """Keeps to the kind that fed last, and off the kind that harmed; at first, nearest.

    It knows a meal by energy that did not fall, a harm by integrity that did, and
    whose it was by what was one step away. It remembers these, and the kind it holds
    to: 1 red, -1 blue, 0 not known yet.
    """

    def choose(_: Key | None, memory: Memory, observation: Observation):
        held, met_last, energy_last, integrity_last = memory
        energy, integrity = observation[4], observation[5]
        fed, harmed = energy >= energy_last, integrity < integrity_last
        held = jnp.where(harmed, -met_last, jnp.where(fed, met_last, held))

        far = lambda g: jnp.sum(jnp.abs(g) * span)  # cells
        red, blue = far(observation[:2]), far(observation[2:4])
        nearer = jnp.where(red <= blue, 1, -1)
        goal = jnp.where(held == 0, nearer, held)
        gx, gy = jnp.where(goal > 0, observation[:2], observation[2:4])
        beside = (red < 1.5) == (blue < 1.5)
        meets = jnp.where(beside, goal, jnp.where(red < 1.5, 1, -1))
        return (held, meets, energy, integrity), towards(gx, gy)

    unknown = jnp.int32(0)
    at_birth = (unknown, unknown, jnp.float32(jnp.inf), jnp.float32(-jnp.inf))
    return Policy(memory=at_birth, choose=choose)


def find_bearings(ways: np.ndarray, span: np.ndarray) -> Policy:
    """Tries a way of reading its senses, and keeps those that foretell what moves do.

    A move by m changes the offset to a source by -m, so what is sensed changes by
    way @ (-m / span). It remembers how often each of `ways` [8, 2, 2] foretold that,
    what it sensed, and its move. Where nothing is sensed it goes on as it went; held by
    the edge, it tries another move.
    """
    foretold = -np.einsum("wij,mj->wmi", ways, np.array(MOVES, np.float32) / span)
    undo = np.linalg.inv(ways).astype(np.float32)
    numbers = np.arange(len(MOVES))

    def choose(_: Key | None, memory: Memory, observation: Observation):
        right, before, move = memory
        now = observation[:2]
        nothing = lambda g: jnp.all(g == 0)
        changed = now - before
        taken = (move == numbers).astype(jnp.float32)
        expected = jnp.sum(foretold * taken[None, :, None], axis=1)  # [8, 2]
        match = jnp.all(jnp.abs(changed[None] - expected) < 1e-4, axis=1)
        fair = ~nothing(now) & ~nothing(before) & jnp.any(changed != 0)
        right = right + jnp.where(fair & match, 1.0, 0.0)
        best = jnp.arange(len(ways)) == jnp.argmax(right)
        back = jnp.sum(jnp.where(best[:, None, None], undo, 0.0), axis=0)
        g = jnp.sum(back * now[None], axis=1) * span
        go = jnp.where(nothing(now), move, towards(g[0], g[1])).astype(jnp.int32)
        held = (move > 0) & ~nothing(now) & ~jnp.any(changed != 0)
        go = jnp.where(held, move % 4 + 1, go)
        return (right, now, go), go

    return Policy(
        memory=(jnp.zeros(len(ways)), jnp.zeros(2), jnp.int32(0)), choose=choose
    )
