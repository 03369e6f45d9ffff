"""The contract every genome keeps (`contracts.genome` checks it)."""

from collections.abc import Callable
from typing import Any, NamedTuple

from jax.typing import ArrayLike
from jaxtyping import Array, Float

from koki2.core.types import Key


class Genome(NamedTuple):
    """What a flat vector of genes means. Pure functions of one genome; `vmap` for more.

    `develop` is deterministic for a key, and has the same shapes for every genome.
    `named` and `flat` are each other's inverse, and keep every bit.
    """

    size: int  # D
    init: Callable[[Key], Float[Array, " D"]]
    develop: Callable[[Key, Float[Array, " D"]], Any]  # -> the agent's parameters
    named: Callable[[Float[Array, " D"]], dict[str, Array]]
    flat: Callable[[dict[str, ArrayLike]], Float[Array, " D"]]
