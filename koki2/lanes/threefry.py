"""Threefry-2x32 as straight-line code on raw key words, for keys that have lanes.

The same bits as `jax.random` with its default implementation (tested word for word).
JAX's own form is a rolled loop, which made a rollout 4 to 8 times as slow on a CPU
(measured on the two benchmarks of `tools/bench/rollout.py`). A key is uint32 of shape
`[2] + lanes`. Words are computed one by one, so that those which nothing reads are
never computed.

Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))  # Salmon et al., table 2
_PARITY = 0x1BD11BDA  # of the key schedule; Skein's constant, likewise

Word = jax.Array | np.uint32


def _block(key0: Word, key1: Word, x0: Word, x1: Word) -> tuple[Word, Word]:
    """Twenty rounds on one pair of words."""
    keys = (key0, key1, key0 ^ key1 ^ np.uint32(_PARITY))
    x0, x1 = x0 + keys[0], x1 + keys[1]
    for group in range(5):
        for r in _ROTATIONS[group % 2]:
            x0 = x0 + x1
            x1 = (x1 << np.uint32(r)) | (x1 >> np.uint32(32 - r))
            x1 = x0 ^ x1
        x0 = x0 + keys[(group + 1) % 3]
        x1 = x1 + keys[(group + 2) % 3] + np.uint32(group + 1)
    return x0, x1


def _halves(key: jax.Array) -> tuple[jax.Array, jax.Array]:
    first, second = (lax.index_in_dim(key, i, 0, keepdims=False) for i in range(2))
    return first, second


def _counted(key: jax.Array, count: int) -> tuple[Word, Word]:
    """Both words of one counter's block."""
    return _block(*_halves(key), np.uint32(0), np.uint32(count))


def fold_in(key: jax.Array, data: jax.Array) -> jax.Array:
    """As `jax.random.fold_in`: key `[2] + lanes`, data a scalar or `lanes`."""
    return jnp.stack(_block(*_halves(key), np.uint32(0), data.astype(jnp.uint32)))


def split(key: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    """As `jax.random.split`: `shape + [2] + lanes`."""
    pairs = [jnp.stack(_counted(key, i)) for i in range(math.prod(shape))]
    return jnp.stack(pairs).reshape(shape + key.shape)


def bits(key: jax.Array, bit_width: int, shape: tuple[int, ...]) -> jax.Array:
    """As `jax.random.bits` of 32 bits or fewer: `shape + lanes`."""
    words = []
    for i in range(math.prod(shape)):
        high, low = _counted(key, i)
        words.append(high ^ low)
    words = jnp.stack(words).reshape(shape + key.shape[1:])
    return words if bit_width == 32 else words.astype(f"uint{bit_width}")
