"""Scripted ways of worlds in which one must choose what to go for, and when."""

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float

from koki2.core.types import Key
from koki2.policies.base import Memory, Observation, Policy
from koki2.policies.moves import DOWN, LEFT, RIGHT, towards, UP

Worth = Callable[[Float[Array, "2"], Bool[Array, "2"]], Float[Array, "2"]]


def for_the_emptier() -> Policy:
    """Goes for what fills the emptier store; energy wins ties. Remembers nothing."""

    def choose(_: Key | None, memory: Memory, observation: Observation):
        fx, fy, wx, wy, energy, hydration = observation
        thirsty = hydration < energy
        go = towards(jnp.where(thirsty, wx, fx), jnp.where(thirsty, wy, fy))
        return memory, go

    return Policy(memory=None, choose=choose)


def clean_unless_far(span: np.ndarray) -> Policy:
    """Goes for the emptier store, clean unless the tainted is less than half as far."""

    def choose(_: Key | None, memory: Memory, observation: Observation):
        thirsty = observation[9] < observation[8]
        tainted = jnp.where(thirsty, observation[2:4], observation[0:2])
        clean = jnp.where(thirsty, observation[6:8], observation[4:6])
        far = lambda g: jnp.sum(jnp.abs(g) * span)  # cells; nothing there is also 0
        nearer = (2 * far(tainted) < far(clean)) | (far(clean) == 0)
        gx, gy = jnp.where(nearer & (far(tainted) > 0), tainted, clean)
        return memory, towards(gx, gy)

    return Policy(memory=None, choose=choose)


def most_for_the_way(worth: Worth, span: np.ndarray) -> Policy:
    """Goes for what most lowers the drive for the way there, by the season it infers.

    `worth` says of a store, and of which needs are pressed, what food and water lower
    the drive by. It remembers the stores as they were, and which fell faster while
    both fell: 1 if that was hydration, -1 energy, 0 before it was known.
    """

    def choose(_: Key | None, memory: Memory, observation: Observation):
        hot, before = memory
        store, smelt = observation[4:6], observation[:4].reshape(2, 2)
        fall = before - store
        clear = jnp.all(fall > 0) & (jnp.abs(fall[1] - fall[0]) > 1e-4)
        hot = jnp.where(clear, jnp.sign(fall[1] - fall[0]), hot)
        pressed = jnp.stack([hot < 0, hot > 0])
        far = jnp.sum(jnp.abs(smelt) * span[None], axis=1)  # cells
        value = worth(store, pressed) / (
            jnp.where(far == 0, 2.0, far) + 1.0
        )  # 2: off and on again
        gx, gy = jnp.where(value[1] > value[0], smelt[1], smelt[0])
        return (hot, store), towards(gx, gy)

    return Policy(memory=(jnp.float32(0.0), jnp.ones(2, jnp.float32)), choose=choose)


def sweep(stride: int) -> Policy:
    """Goes for what it smells; otherwise sweeps the map from edge to edge.

    At an edge it goes `stride` rows on, and back; in a corner, the other way. It
    remembers where it was heading along rows (1 east, -1 west) and across them
    (1 south, -1 north), and how many steps across are left.
    """

    def choose(_: Key | None, memory: Memory, observation: Observation):
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

    def choose(_: Key | None, memory: Memory, observation: Observation):
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


def home_at_the_cue(delay: ArrayLike, span: np.ndarray) -> Policy:
    """At the cue to the nearest shelter, and on with it when the strike is over.

    It remembers how many moves are left until then; 0 is calm.
    """

    def choose(_: Key | None, left: Memory, observation: Observation):
        left = jnp.where(observation[6] > 0, delay, left).astype(jnp.int32)
        food, home = observation[:2] * span, observation[4:6] * span
        goal = jnp.where(left > 0, home, food)
        return jnp.maximum(left - 1, 0), towards(goal[0], goal[1])

    return Policy(memory=jnp.int32(0), choose=choose)


def once_sure(delay: ArrayLike, span: np.ndarray) -> Policy:
    """Heeds both cues, until a strike shows which; then that one only.

    It feeds on until there are only just steps enough left to get to a shelter.

    It remembers how many moves are left of the alarm (0 is calm), the last cue,
    and the cue that a strike followed (-1: not known).
    """

    def choose(_: Key | None, memory: Memory, observation: Observation):
        left, last, honest = memory
        honest = jnp.where(observation[8] > 0, last, honest)
        sounds = jnp.any(observation[6:8] > 0)
        last = jnp.where(sounds, jnp.argmax(observation[6:8]).astype(jnp.int32), last)
        left = jnp.where(sounds, delay, left).astype(jnp.int32)
        food, home = observation[:2] * span, observation[4:6] * span
        heeds = (honest < 0) | (last == honest)
        last_call = left.astype(jnp.float32) < jnp.sum(jnp.abs(home)) + 1.5
        flees = (left > 0) & heeds & last_call
        goal = jnp.where(flees, home, food)
        action = towards(goal[0], goal[1])
        return (jnp.maximum(left - 1, 0), last, honest), action

    memory = (jnp.int32(0), jnp.int32(0), jnp.int32(-1))
    return Policy(memory=memory, choose=choose)
