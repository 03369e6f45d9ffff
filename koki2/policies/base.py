"""The contract every scripted policy keeps."""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

from jaxtyping import Array, Float, Int

from koki2.core.types import Key

Memory: TypeAlias = Any
"""What a policy remembers: a pytree of its own, or None."""
Observation: TypeAlias = Float[Array, " O"]
Action: TypeAlias = Int[Array, ""]


class Policy(NamedTuple):
    """A scripted way to act by the senses, with a memory of its own (or None)."""

    memory: Memory
    choose: Callable[[Key, Memory, Observation], tuple[Memory, Action]]
    """(key, memory, observation) -> (memory, action)."""
