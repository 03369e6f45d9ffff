"""One compiled program for several runs, which differ in their seeds and in `Data`."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from koki2.agents.topology import as_data, Topology
from koki2.core.numbers import Numbers


class Data(NamedTuple):
    """What runs of one compiled program may differ in, besides their seed."""

    wiring: Topology
    """Which neurons may listen to which."""
    numbers: Numbers
    """Of their world, by the name of the field; see `core.numbers`."""


def compile_once(
    chunk: Callable[..., Any],
    runs: Sequence[Data],
    *,
    donate: bool = False,
    out_shardings: Any = None,
) -> list[Callable[..., Any]]:
    """A function per run, compiled once for all of them.

    The runs of a batch follow one another, for a chunk of one fills the machine. The
    numbers of a world are arguments of the program, also of a run alone, and its wiring
    is where they differ; each run's bits are those it has alone.

    Args:
      chunk: (data, key, carry, wanted) -> (carry, columns).
      runs: the data of each.
      donate: whether the carry is used up.
      out_shardings: of the results, as for `jax.jit`.

    Returns:
      For each run, (key, carry, wanted) -> (carry, columns).
    """
    first = runs[0].wiring
    shared = all(_same(first, run.wiring) for run in runs[1:])
    wired = None if shared else as_data([run.wiring for run in runs])

    def whole(
        wiring: Topology | None, numbers: Numbers, key: Any, carry: Any, wanted: Any
    ) -> Any:
        data = Data(first if wiring is None else wiring, numbers)
        return chunk(data, key, carry, wanted)

    program = jax.jit(
        whole, donate_argnums=3 if donate else (), out_shardings=out_shardings
    )

    def bound(index: int) -> Callable[..., Any]:
        wiring = jax.tree.map(lambda x: jnp.asarray(x[index]), wired)
        numbers = jax.tree.map(jnp.asarray, dict(runs[index].numbers))
        return lambda key, carry, wanted: program(wiring, numbers, key, carry, wanted)

    return [bound(i) for i in range(len(runs))]


def _same(a: Topology, b: Topology) -> bool:
    return np.array_equal(a.source, b.source) and np.array_equal(a.target, b.target)
