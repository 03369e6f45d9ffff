"""Chunks: a step put under a scan of fixed length, of which fewer may be wanted."""

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
        def idle(carry):
            columns = jax.eval_shape(once, carry)[1]
            return carry, jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), columns)

        def body(carry, index):
            valid = index < wanted
            carry, columns = jax.lax.cond(valid, once, idle, carry)
            return carry, {
                name: type(stream)(valid=valid, **stream)
                for name, stream in columns.items()
            }

        return jax.lax.scan(body, carry, jnp.arange(length, dtype=jnp.int32))

    return chunk
