"""Ties: which of two equally fit genomes keeps a cell.

The older one does; of those born together, the one whose bits have the higher hash. So
neither the order of a batch nor how it was split decides, and no gene is favoured for
being large, as it would be if genomes were compared number by number. Rows of equal
hash are taken to be the same row; two others collide with a probability of 2^-64.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, UInt32

ROWS = 32  # hashed at a time
_SALTS = (0x9E3779B9, 0x7F4A7C15)


def order(fitness: Float[Array, "*N"]) -> Int[Array, "*N"]:
    """Maps floats to integers of the same order, equal only where the bits are.

    Example:
      >>> order(jnp.array([-jnp.inf, -1.0, -0.0, 0.0, 2.0])).tolist() == sorted(
      ...     order(jnp.array([2.0, 0.0, -0.0, -1.0, -jnp.inf])).tolist())
      True
    """
    bits = jax.lax.bitcast_convert_type(fitness, jnp.int32)
    return jnp.where(bits < 0, bits ^ jnp.int32(0x7FFFFFFF), bits)


def words(
    genome: Float[Array, "M D"], descriptor: Float[Array, "M B"]
) -> UInt32[Array, "M 2"]:
    """Computes two words of hash per row: sums over its numbers of their mixed bits."""
    bits = [jax.lax.bitcast_convert_type(x, jnp.uint32) for x in (genome, descriptor)]
    row = jnp.concatenate(bits, axis=1)
    place = jnp.arange(1, row.shape[1] + 1, dtype=jnp.uint32)
    salted = [_mix(row ^ _mix(place * jnp.uint32(salt))[None]) for salt in _SALTS]
    return jnp.stack([jnp.sum(x, axis=1, dtype=jnp.uint32) for x in salted], axis=1)


def words_of(
    genome: Float[Array, "N D"],
    descriptor: Float[Array, "N B"],
    rows: Int[Array, " M"],
    count: Int[Array, ""],
) -> UInt32[Array, "M 2"]:
    """Computes `words` of the first `count` of the given rows; zeros for the others."""
    length = rows.shape[0]
    padded = jnp.concatenate([rows, jnp.zeros(ROWS, rows.dtype)])

    def body(i: Int[Array, ""], hashes: UInt32[Array, "M 2"]) -> Array:
        some = jax.lax.dynamic_slice(padded, (i * ROWS,), (ROWS,))
        new = words(genome[some], descriptor[some])
        return jax.lax.dynamic_update_slice(hashes, new, (i * ROWS, jnp.int32(0)))

    hashes = jnp.zeros((length + ROWS, len(_SALTS)), jnp.uint32)
    hashes = jax.lax.fori_loop(jnp.int32(0), -(-count // ROWS), body, hashes)
    known = jnp.arange(length) < count
    return jnp.where(known[:, None], hashes[:length], jnp.uint32(0))


def _mix(x: UInt32[Array, "*N"]) -> UInt32[Array, "*N"]:
    """The finaliser of MurmurHash3: every input bit changes every output bit."""
    x = (x ^ (x >> 16)) * jnp.uint32(0x85EBCA6B)
    x = (x ^ (x >> 13)) * jnp.uint32(0xC2B2AE35)
    return x ^ (x >> 16)
