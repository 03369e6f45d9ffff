"""Phenotypes kept: genes that were developed lately are not developed again.

It pays where the same genes come back and development is dear: the elites of a CPPN,
which stay for many generations. Two things decide whether any work is saved:

* a branch is only skipped if it is not batched. Under `vmap` both sides of a `cond` are
  run. So hand a whole batch of elites to one call, with a `develop` that is itself
  vmapped: `genes` may have any shape, and is found if all of it is the same.
* a lookup reads every slot, C * size numbers. For the direct encoding, whose
  development is a copy, that costs more than it can save.
"""

from collections.abc import Callable
from typing import Any

import chex
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

Develop = Callable[[Float[Array, "*D"]], Any]  # draws nothing: same genes, same agent


@chex.dataclass(frozen=True, kw_only=True)
class PhenotypeCache:
    """The last C genes developed, and what became of them."""

    genes: Float[Array, "C *D"]
    params: Any  # [C, ...]; zeros where nothing is kept
    filled: Bool[Array, " C"]
    next: Int[Array, ""]  # the slot written next: the oldest


def empty_cache(develop: Develop, genes: Float[Array, "*D"], slots: int):
    """A cache with nothing in it.

    Args:
      develop: genes to an agent's parameters.
      genes: any of the shape to come; the values do not count.
      slots: C.
    """
    zeros = lambda s: jnp.zeros((slots, *s.shape), s.dtype)
    return PhenotypeCache(
        genes=jnp.zeros((slots, *genes.shape)),
        params=jax.tree.map(zeros, jax.eval_shape(develop, genes)),
        filled=jnp.zeros(slots, bool),
        next=jnp.int32(0),
    )


def develop_cached(
    develop: Develop, genes: Float[Array, "*D"], cache: PhenotypeCache
) -> tuple[Any, PhenotypeCache]:
    """What `develop(genes)` gives, from the cache if these very genes are in it.

    Genes are compared bit by bit (0 is not -0, and NaN is itself), so a hit is never
    an approximation. A miss develops, and takes the place of what was written first.

    Example:
      >>> double = lambda genes: 2.0 * genes
      >>> cache = empty_cache(double, jnp.zeros(1), slots=2)
      >>> params, cache = develop_cached(double, jnp.array([3.0]), cache)
      >>> params.tolist(), cache.filled.tolist()
      ([6.0], [True, False])
      >>> again, cache = develop_cached(double, jnp.array([3.0]), cache)
      >>> again.tolist(), cache.filled.tolist()  # found: nothing is written
      ([6.0], [True, False])
    """
    same = _bits(cache.genes) == _bits(genes)[None]
    found = cache.filled & jnp.all(same, axis=tuple(range(1, same.ndim)))

    def keep(cache):
        at = jnp.argmax(found)
        return jax.tree.map(lambda x: x[at], cache.params), cache

    def add(cache):
        params, at = develop(genes), cache.next
        write = lambda slots, one: slots.at[at].set(one)
        return params, PhenotypeCache(
            genes=write(cache.genes, genes),
            params=jax.tree.map(write, cache.params, params),
            filled=cache.filled.at[at].set(True),
            next=(at + 1) % cache.filled.shape[0],
        )

    return jax.lax.cond(jnp.any(found), keep, add, cache)


def _bits(x: Float[Array, "*D"]) -> Array:
    return jax.lax.bitcast_convert_type(x, jnp.uint32)
