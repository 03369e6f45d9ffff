"""Keys: typed, consumed once, and split into streams with names.

A stream is `fold_in(key, constant)`, one constant per purpose, so that adding a
stream never shifts another. Constants are part of the determinism contract: add
new ones at the end, never renumber.
"""

import enum

import jax

from koki2.core.types import Key


class Stream(enum.IntEnum):
    """What a key is for."""

    INIT = 0  # the first genome or centre of the search
    ASK = 1  # candidates of a generation
    LIVES = 2  # full lives of a generation
    VIABILITY = 3  # short lives of a generation
    BOOTSTRAP = 4  # resampling in a report
    DEVELOP = 5  # genome to phenotype


def stream(key: Key, purpose: Stream) -> Key:
    """The key of one purpose; `key` itself may serve other purposes too.

    Example:
      >>> key = jax.random.key(0)
      >>> bool(stream(key, Stream.ASK) == stream(key, Stream.LIVES))
      False
    """
    return jax.random.fold_in(key, int(purpose))


def step_key(key: Key, index) -> Key:
    """The key of the `index`-th step, generation or episode of a sequence."""
    return jax.random.fold_in(key, index)


def episode_keys(seed: int, episodes: int) -> Key:
    """Keys of `episodes` unseen lives: [E]. The schedule every report shares."""
    return jax.random.split(jax.random.key(seed), episodes)
