"""The contract every search strategy keeps."""

from collections.abc import Callable
from typing import Any, NamedTuple

from jaxtyping import Array, Float

from koki2.core.types import Key

State = Any


class Strategy(NamedTuple):
    """Ask for genomes, tell their fitness. Higher fitness is better, NaN is worst.

    Strategies see flat genomes only; what a genome means is known to `koki2.genomes`.
    All four functions are pure and may be put under `jit`, `scan` and `vmap` (over
    seeds: batch the key and the state). The state is a pytree of arrays whose shapes,
    dtypes and weak types never change, so that it can be carried by `scan`. It holds no
    key: a strategy whose `tell` needs random numbers draws a seed for them in `ask`.

    NaN, and -inf likewise, mark a genome that failed: it ranks below every genome that
    did not. A generation in which all failed moves no centre.
    """

    name: str
    """Its name in `koki2.search.names()`. Static."""
    pop_size: int
    """Genomes per generation, P. Static."""
    init: Callable[[Key, Float[Array, " D"]], State]
    """(key, centre) -> state of a search that starts around `centre`."""
    ask: Callable[[Key, State], tuple[Float[Array, "P D"], State]]
    """(key, state) -> (population, state); the state may remember its noise."""
    tell: Callable[[State, Float[Array, "P D"], Float[Array, " P"]], State]
    """(state, population, fitness) -> state. Takes the state and the population that
    the same `ask` returned, rows in order, for mirrored noise is paired by position."""
    mean: Callable[[State], Float[Array, " D"]]
    """state -> the centre of the search distribution; for strategies that keep a
    population or several centres, the best genome so far. Starts as the centre given
    to `init`."""
