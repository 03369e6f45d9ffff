"""Program: what every loop builds, and what every edge runs.

A program is a computation in chunks. It is pure, but for the first compilation; the
edge owns disk and clock. One unit of it is a generation, a step or an epoch: the loop's
`Kind` says which. A program knows neither where in the run a chunk stands nor whether
the run was ever stopped: resuming is calling `chunk` again.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int

Carry = Any
"""A pytree of arrays: all that a checkpoint holds."""
Columns = Mapping[str, Mapping[str, Any]]
"""By stream, then by column, as `core.columns.rows` reads them."""


class About(NamedTuple):
    """What a program is of, in the words of a run folder."""

    kind: str
    """The name of its kind of run."""
    seed: int
    config: Mapping[str, Any]
    """In plain values; of a program built from objects, what is known of them."""
    subject: Any = None
    """What is evolved, grown or trained: for whoever evaluates the run in Python."""


class Program(NamedTuple):
    """A computation in chunks. Every loop builds one of these."""

    init: Callable[[], Carry]
    """() -> the state it begins with."""
    chunk: Callable[[Carry, int], tuple[Carry, Columns]]
    """(state, units still wanted) -> (state, columns per stream). Computes as many
    units as it was compiled for, or fewer if fewer are wanted. It is dispatched, not
    waited for: the columns are on the device. The state may be used up (donated)."""
    done: Callable[[Carry], int]
    """state -> units done."""
    total: int
    """Units wanted."""
    pack: Callable[[Carry], dict[str, np.ndarray]]
    """state -> arrays on the host, the same on any number of devices. A collective:
    with several processes each must call it."""
    unpack: Callable[[Mapping[str, np.ndarray]], Carry]
    """The inverse of `pack`. Raises ValueError for arrays of another program."""
    artifacts: Callable[[Carry], dict[str, dict[str, np.ndarray]]]
    """state -> what a complete run leaves: arrays by the name of their file."""
    about: About | None = None
    """What it is of; None where whoever runs it knows."""


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
