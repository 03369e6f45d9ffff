"""One compiled program for several seeds, whose agents may be wired differently."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from koki2.agents.topology import as_data, Topology


def compile_once(
    chunk: Callable[..., Any],
    wirings: Sequence[Topology],
    *,
    donate: bool = False,
    out_shardings: Any = None,
) -> list[Callable[..., Any]]:
    """A function per wiring, compiled once for all of them.

    The seeds of a batch run one after the other, for a chunk of one fills the machine.
    Where their wirings differ, wiring is data; each seed's bits are those it has alone.

    Args:
      chunk: (wiring, key, carry, wanted) -> (carry, columns).
      wirings: one per seed.
      donate: whether the carry is used up.
      out_shardings: of the results, as for `jax.jit`.

    Returns:
      For each wiring, (key, carry, wanted) -> (carry, columns).
    """
    if all(_same(wirings[0], other) for other in wirings[1:]):
        fixed = lambda key, carry, wanted: chunk(wirings[0], key, carry, wanted)
        one = jax.jit(
            fixed, donate_argnums=1 if donate else (), out_shardings=out_shardings
        )
        return [one] * len(wirings)
    data = as_data(list(wirings))
    program = jax.jit(
        chunk, donate_argnums=2 if donate else (), out_shardings=out_shardings
    )

    def bound(index: int) -> Callable[..., Any]:
        wired = jax.tree.map(lambda x: jnp.asarray(x[index]), data)
        return lambda key, carry, wanted: program(wired, key, carry, wanted)

    return [bound(i) for i in range(len(wirings))]


def _same(a: Topology, b: Topology) -> bool:
    return np.array_equal(a.source, b.source) and np.array_equal(a.target, b.target)
