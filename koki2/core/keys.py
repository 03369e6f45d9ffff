"""Keys: typed, consumed once, and split into streams with names.

A stream is `fold_in(key, constant)`, one constant per purpose, so that adding a
stream never shifts another. Constants are part of the determinism contract: add
new ones at the end, never renumber.
"""

import enum

import jax

from koki2.core.types import Key, Keys


class Stream(enum.IntEnum):
    """What a key is for."""

    INIT = 0  # the first genome, or centre of the search
    GENERATION = 1  # all that happens in generations, each by its number
    ASK = 2  # candidates of a generation
    LIVES = 3  # full lives of a generation
    VIABILITY = 4  # short lives of a generation
    DEVELOP = 5  # genome to phenotype
    RUNG = 6  # proxy lives of a generation


def stream(key: Key, purpose: Stream) -> Key:
    """The key of one purpose.

    Example:
      >>> key = jax.random.key(0)
      >>> bool(stream(key, Stream.ASK) == stream(key, Stream.LIVES))
      False
    """
    return jax.random.fold_in(key, int(purpose))


def episode_keys(seed: int, episodes: int) -> Keys:
    """Keys of `episodes` unseen lives: [E]. The schedule that every report shares."""
    return jax.random.split(jax.random.key(seed), episodes)
