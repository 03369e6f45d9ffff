"""Lives of chemotaxis by hand: the world its tests share, and how to walk in it.

Unless stated otherwise the world is 9 cells wide and 5 high, has two sources, and time
costs nothing. Cells are (x, y) from the north-west corner.
"""

import functools

import jax
import jax.numpy as jnp

from koki2.envs import chemotaxis, ChemotaxisConfig, ChemotaxisState

STAY, UP, DOWN, LEFT, RIGHT = range(5)
FAR = (8, 4)
WORLD = dict(width=9, height=5, num_sources=2, steps=8, energy_decay=0.0)
HARM = dict(num_bad_sources=1, bad_source_integrity_loss=0.25)


@functools.cache
def stepper(**knobs):
    """The compiled step of a world."""
    config = ChemotaxisConfig(**WORLD | knobs)
    return jax.jit(chemotaxis(config).step)


def being(position, source, *, bad=(False, False), respawn=None, **needs):
    """A life in the middle of things."""
    return ChemotaxisState(
        t=jnp.int32(needs.get("t", 0)),
        position=jnp.array(position, jnp.int32),
        source=jnp.array(source, jnp.int32),
        bad=jnp.array(bad),
        energy=jnp.float32(needs.get("energy", 0.5)),
        integrity=jnp.float32(needs.get("integrity", 1.0)),
        respawn=None if respawn is None else jnp.array(respawn, jnp.int32),
    )


def walk(actions, state, seed=0, **knobs):
    """Takes the actions; states, observations and feedback, step by step."""
    keys = jax.random.split(jax.random.key(seed), len(actions))
    seen = []
    for key, action in zip(keys, actions, strict=True):
        state, observation, feedback = stepper(**knobs)(key, state, jnp.int32(action))
        seen.append((state, observation, feedback))
    return zip(*seen, strict=True)


def floats(values):
    return [round(float(value), 6) for value in values]
