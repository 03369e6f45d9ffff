"""Senses: what the channels of an observation tell, by name.

They let one cut a sense out of an agent, or present it in another form, without knowing
the world. A world that names none is taken to have a sense a channel.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
from jax.typing import ArrayLike

HAZARD = "hazard"
"""The name of a smell of what harms, whose strength nursing may schedule."""


class Sense(NamedTuple):
    """Some channels of an observation, side by side."""

    name: str
    size: int = 1
    """Channels."""
    kind: Literal["gradient", "need", "other"] = "other"
    """gradient: (x, y) to something, zero if there is none; need: 0 empty, 1 full."""
    span: ArrayLike | Sequence[ArrayLike] = ()
    """Of a gradient: cells in a unit, along x and y."""


def gradient_to(name: str, span: ArrayLike | Sequence[ArrayLike]) -> Sense:
    """An offset (x, y) to something, in units of `span` cells."""
    return Sense(name, 2, "gradient", span)


def fill_of(*needs: str) -> tuple[Sense, ...]:
    """How full each need of a body is."""
    return tuple(Sense(name, kind="need") for name in needs)


def named(senses: Sequence[Sense], observation_size: int) -> tuple[Sense, ...]:
    """The senses of a world; where it names none, `sense0`, `sense1`, ...

    Example:
      >>> [sense.name for sense in named((), 2)]
      ['sense0', 'sense1']
    """
    every = tuple(Sense(f"sense{i}") for i in range(observation_size))
    return tuple(senses) or every


def places(senses: Sequence[Sense]) -> Mapping[str, slice]:
    """Which channels a sense has, by its name.

    Example:
      >>> places([gradient_to("food", (15, 15)), *fill_of("energy")])
      {'food': slice(0, 2, None), 'energy': slice(2, 3, None)}
    """
    ends = np.cumsum([sense.size for sense in senses]).tolist()
    return {
        sense.name: slice(end - sense.size, end)
        for sense, end in zip(senses, ends, strict=True)
    }
