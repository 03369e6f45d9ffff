"""Keys: typed, consumed once, and split into streams with names.

A stream is `fold_in(key, constant)`, one constant per purpose, so that adding a stream
never shifts another. Constants are part of the determinism contract: add new ones at
the end, never renumber.

    split(key, n)[i] == fold_in(key, i)

so a stream whose constant is below n equals one of the keys of a split of the same key.
Each loop has an enum of its own, in a range of its own; those that are new start at
`FIRST`, which no split here reaches.
"""

import enum

import jax

from koki2.core.types import Key, Keys

FIRST = 1 << 16
"""The least constant of a new stream; splits make fewer keys than that."""


class Stream(enum.IntEnum):
    """What a key of evolution is for. All are below `FIRST`: do not split their key."""

    INIT = 0  # the first genome, or centre of the search
    GENERATION = 1  # all that happens in generations, each by its number
    ASK = 2  # candidates of a generation
    LIVES = 3  # full episodes of a generation
    VIABILITY = 4  # short episodes of a generation
    DEVELOP = 5  # genome to phenotype
    RUNG = 6  # proxy episodes of a generation


class HeldOutStream(enum.IntEnum):
    """What a key of a held-out evaluation is for, beside the episodes split from it."""

    DEVELOP = FIRST  # genome to phenotype


def stream(key: Key, purpose: enum.IntEnum) -> Key:
    """Derives the key of one purpose.

    Example:
      >>> key = jax.random.key(0)
      >>> bool(stream(key, Stream.ASK) == stream(key, Stream.LIVES))
      False
    """
    return jax.random.fold_in(key, int(purpose))


def episode_keys(seed: int, episodes: int) -> Keys:
    """Keys of unseen episodes, [E]: the same for everything that is evaluated.

    Args:
      seed: of the evaluation.
      episodes: how many, E; at most `FIRST`.

    Raises:
      ValueError: more than that.
    """
    if episodes > FIRST:
        raise ValueError(f"episodes must be at most {FIRST}, got {episodes}.")
    return jax.random.split(jax.random.key(seed), episodes)
