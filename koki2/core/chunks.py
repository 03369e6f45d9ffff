"""Chunks: a step put under a loop, which computes as many units as are wanted."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int

from koki2.core.program import Carry


def chunked_scan(
    step: Callable[[Carry], tuple[Carry, dict[str, Any]]], length: int
) -> Callable[[Carry, Int[Array, ""]], tuple[Carry, dict[str, Any]]]:
    """Builds a chunk of `length` units, of which those past the last wanted do nothing.

    How many are wanted is data: a chunk computed in slices has the bits of one that was
    not, and nothing is compiled again. Those not wanted cost no time.

    Args:
      step: state -> (state, columns per stream); one unit. It is traced once.
      length: units per chunk. Static.

    Returns:
      (state, units still wanted) -> (state, columns), each column [length, ...]. Every
      stream gains a column "valid", bool [length]: whether the unit was computed.

    Example:
      >>> count = lambda n: (n + 1, {"metrics": {"n": n}})
      >>> chunk = chunked_scan(count, 3)
      >>> last, columns = chunk(jnp.int32(0), jnp.int32(2))
      >>> metrics = columns["metrics"]
      >>> int(last), metrics["n"].tolist(), metrics["valid"].tolist()
      (2, [0, 1, 0], [True, True, False])
    """
    once = jax.jit(step, inline=True)  # `eval_shape` and `cond` share its trace

    def chunk(carry: Carry, wanted: Int[Array, ""]) -> tuple[Carry, dict[str, Any]]:
        shapes = jax.eval_shape(once, carry)[1]
        zeros = lambda *axes: jax.tree.map(
            lambda s: jnp.zeros((*axes, *s.shape), s.dtype), shapes
        )

        # The step is in a branch of its own: XLA compiles it alone, and so to the same
        # bits, whatever the length of the chunk.
        def body(state: tuple[Any, Carry, Any]) -> tuple[Any, Carry, Any]:
            index, carry, columns = state
            idle = lambda carry: (carry, zeros())
            carry, row = jax.lax.cond(index < wanted, once, idle, carry)
            put = lambda column, value: jax.lax.dynamic_update_index_in_dim(
                column, value, index, 0
            )
            return index + 1, carry, jax.tree.map(put, columns, row)

        end = jnp.minimum(wanted, length)
        start = (jnp.int32(0), carry, zeros(length))
        _, carry, columns = jax.lax.while_loop(lambda s: s[0] < end, body, start)
        valid = jnp.arange(length, dtype=jnp.int32) < wanted
        return carry, {
            name: type(stream)(valid=valid, **stream)
            for name, stream in columns.items()
        }

    return chunk
