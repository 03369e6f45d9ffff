"""Scripted ways of worlds whose ways are barred: by walls, a pocket, danger."""

import jax.numpy as jnp
import numpy as np

from koki2.core.types import Key
from koki2.policies.base import Memory, Observation, Policy
from koki2.policies.moves import DOWN, LEFT, RIGHT, SIDES, towards, UP


def along_the_wall() -> Policy:
    """Goes for the food's column first; at a wall, along it one way until it opens.

    It remembers which way it was going (1 down, -1 up), and turns at the world's edge.
    """

    def choose(_: Key | None, going: Memory, observation: Observation):
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


def hand_on_the_wall() -> Policy:
    """Goes for the food's column; at a wall, along it with the right hand on it.

    It remembers how many quarter turns to the left it has made, less those to the
    right. At 0 it faces east and needs no wall; above, it turns right as soon as it
    can, for the wall is there, else goes on, else turns left. So it comes out of any
    pocket (the Pledge algorithm; Abelson and diSessa, "Turtle geometry", 1980).
    """

    def choose(_: Key | None, turns: Memory, observation: Observation):
        gx, gy = observation[0], observation[1]
        barred = observation[jnp.array([6, 3, 5, 4])] > 0  # east, north, west, south
        options = jnp.maximum(turns - 1, 0) + jnp.arange(4, dtype=jnp.int32)
        after = options[jnp.argmin(barred[options % 4])]
        along = jnp.array([RIGHT, UP, LEFT, DOWN], jnp.int32)[after % 4]
        past = (turns == 0) & (gx <= 0)
        straight = towards(gx, jnp.where(gx == 0, gy, 0.0))
        return jnp.where(past, 0, after), jnp.where(past, straight, along)

    return Policy(memory=jnp.int32(0), choose=choose)


def round_danger(span: np.ndarray) -> Policy:
    """Goes for food by sides without danger, and never straight back.

    So it finds its way round a zone. Food two cells away is worth a dash. It remembers
    its last move.
    """
    moves = SIDES.astype(np.float32)
    back = np.array([2, 1, 4, 3], np.int32)  # which move each side undoes

    def choose(_: Key | None, last: Memory, observation: Observation):
        offset = observation[:2] * span
        danger = (observation[4:8] > 0).astype(jnp.float32)
        dash = jnp.sum(jnp.abs(offset)) < 2.5
        score = jnp.sum(moves * offset[None], axis=1)
        score = score - jnp.where(dash, 0.0, 1e4 * danger)
        score = score - jnp.where(last == back, 1e2, 0.0)
        move = (1 + jnp.argmax(score)).astype(jnp.int32)
        return move, move

    return Policy(memory=jnp.int32(0), choose=choose)
