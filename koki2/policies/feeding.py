"""Scripted ways of worlds in which all sources smell alike, and some may harm.

They go by the smell of the nearest source and by how whole they are, and keep account
of where they have been by their own moves. Places are offsets from the agent, in cells.
"""

import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int

from koki2.core.types import Key
from koki2.policies.base import Memory, Observation, Policy
from koki2.policies.moves import MOVES, RIGHT, STAY, towards

NEAR = 0.5  # cells; what is nearer than this is the same place
FAR = 1e6  # cells; a place that is not known
TO_THE_RIGHT = np.array([4, 4, 3, 1, 2], np.int32)  # the next move clockwise


def wary(span: np.ndarray, harmed: ArrayLike, *, slots: int = 4) -> Policy:
    """Feeds again and again, and never goes back to what harmed it.

    On a source that did not harm it steps off and on again, for every arrival feeds. It
    remembers the last places that harmed it, what it smelled, how whole it was, its
    move and where it is heading; while it smells no more than a place that harmed it,
    it walks straight on, and clockwise at the map's edge, until it smells another.

    Args:
      span: cells in a unit of the gradient.
      harmed: what integrity must fall by in a step that harmed.
      slots: how many places it remembers.
    """

    def choose(_: Key | None, memory: Memory, observation: Observation):
        places, before, whole, move, heading = memory
        smelled, integrity = observation[:2] * span, observation[3]
        held = (move > 0) & _is_near(smelled, before)  # by the map's edge
        places = places - jnp.where(held, 0.0, _step(move))[None]
        hurt = integrity < whole - harmed
        pushed = jnp.concatenate([jnp.zeros((1, 2)), places[:-1]])
        places = jnp.where(hurt, pushed, places)

        heading = jnp.where(held, jnp.asarray(TO_THE_RIGHT)[heading], heading)
        bad = jnp.any(_is_near(places, smelled[None]))
        goal = jnp.where(bad | (towards(*smelled) == 0), heading, towards(*smelled))
        action = _first_safe(places, goal, heading, smelled)
        heading = jnp.where(bad, action, heading)
        return (places, smelled, integrity, action, heading), action

    nowhere = jnp.full((slots, 2), FAR, jnp.float32)
    still, whole = jnp.zeros(2, jnp.float32), jnp.float32(1.0)
    memory = (nowhere, still, whole, jnp.int32(0), jnp.int32(RIGHT))
    return Policy(memory=memory, choose=choose)


def _step(move: Int[Array, ""]) -> Float[Array, "2"]:
    return jnp.array(MOVES, jnp.float32)[move]


def _is_near(a: Float[Array, "... 2"], b: Float[Array, "... 2"]) -> Bool[Array, "..."]:
    return jnp.all(jnp.abs(a - b) < NEAR, axis=-1)


def _first_safe(
    places: Float[Array, "K 2"],
    goal: Int[Array, ""],
    heading: Int[Array, ""],
    smelled: Float[Array, "2"],
) -> Int[Array, ""]:
    """The goal, or the first other move that does not lead to one of the places."""
    x, y = smelled[0], smelled[1]
    across = jnp.abs(x) < jnp.abs(y)  # along the axis that the goal is not along
    aside = towards(jnp.where(across, x, 0.0), jnp.where(across, 0.0, y))
    aside = jnp.where(aside > 0, aside, jnp.asarray(TO_THE_RIGHT)[goal])
    tries = jnp.stack([goal, aside, heading, jnp.asarray(TO_THE_RIGHT)[heading]])
    ends = jnp.array(MOVES, jnp.float32)[tries]
    safe = ~jnp.any(_is_near(places[None], ends[:, None]), axis=1)
    first = jnp.argmax(safe)
    return jnp.sum(jnp.where(jnp.arange(4) == first, tries, 0)).astype(jnp.int32)


def until_harmed(
    policy: Policy, loss: ArrayLike, *, times: int, weight: float = 0.3
) -> Policy:
    """Follows a policy until something has harmed it so many times, then stays.

    It goes by a running mean of its integrity, for one reading may err.

    Args:
      policy: what it follows.
      loss: integrity lost to a harm.
      times: harms after which it stays.
      weight: of the newest reading in the mean.
    """

    def choose(key: Key, memory: Memory, observation: Observation):
        mean, inner = memory
        mean = mean + weight * (observation[3] - mean)
        inner, action = policy.choose(key, inner, observation)
        return (mean, inner), jnp.where(mean > 1.0 - (times - 0.5) * loss, action, STAY)

    return Policy(memory=(jnp.float32(1.0), policy.memory), choose=choose)


def steady(policy: Policy, span: np.ndarray, *, doubt: ArrayLike) -> Policy:
    """Follows a policy on a gradient that is freed of dropouts and noise.

    It keeps an estimate of where what it smells is, shifted by its own moves, and takes
    half of what a reading says besides; a reading near zero, far from the estimate, is
    taken for a dropout.

    Args:
      policy: what it follows.
      span: cells in a unit of the gradient.
      doubt: cells that noise moves a reading by at most, as a rule.
    """

    def choose(key: Key, memory: Memory, observation: Observation):
        estimate, move, inner = memory
        shifted = estimate - _step(move)
        reading = observation[:2] * span
        size = lambda offset: jnp.max(jnp.abs(offset))
        dropped = (size(reading) < doubt) & (size(shifted) > 1.5 * doubt)
        far = size(reading - shifted) > 2 * doubt
        blend = jnp.where(far, reading, (reading + shifted) / 2)
        estimate = jnp.where(dropped, shifted, blend)
        cleared = jnp.concatenate([jnp.round(estimate) / span, observation[2:]])
        inner, action = policy.choose(key, inner, cleared)
        return (estimate, action, inner), action

    nothing = jnp.zeros(2, jnp.float32)
    return Policy(memory=(nothing, jnp.int32(0), policy.memory), choose=choose)
