"""Scripted ways of worlds with storms: to the shelter, in time."""

import jax.numpy as jnp
import numpy as np

from koki2.core.types import Key
from koki2.envs.base import Memory, Observation, Policy
from koki2.envs.grid import towards


def home_at_the_cue(delay: int, span: np.ndarray) -> Policy:
    """At the cue to the nearest shelter, and on with it when the strike is over.

    It remembers how many moves are left until then; 0 is calm.
    """

    def choose(key: Key | None, left: Memory, observation: Observation):
        del key
        left = jnp.where(observation[6] > 0, delay, left).astype(jnp.int32)
        food, home = observation[:2] * span, observation[4:6] * span
        goal = jnp.where(left > 0, home, food)
        return jnp.maximum(left - 1, 0), towards(goal[0], goal[1])

    return Policy(memory=jnp.int32(0), choose=choose)


def once_sure(delay: int, span: np.ndarray) -> Policy:
    """Heeds both cues, until a strike shows which; then that one only.

    It feeds on until there are only just steps enough left to get to a shelter.

    It remembers how many moves are left of the alarm (0 is calm), the last cue,
    and the cue that a strike followed (-1: not known).
    """

    def choose(key: Key | None, memory: Memory, observation: Observation):
        del key
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
