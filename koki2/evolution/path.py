"""The path of a life: where it began, where it went, how far, and where it dwelled.

Kept only where behaviour is asked for. Cells, x then y.
"""

from collections.abc import Callable
from typing import NamedTuple

import chex
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int

from koki2.envs.base import AnyEnv, has_map

SIDE = 4  # regions along an axis, at most


@chex.dataclass(frozen=True, kw_only=True)
class Path:
    """What is kept of a path, counted while alive. R regions of the map."""

    first: Int[Array, "2"]
    last: Int[Array, "2"]
    moves: Int[Array, ""]  # steps that led to another cell
    farthest: Int[Array, ""]  # greatest squared distance from the first, cells^2
    visits: Int[Array, " R"]  # steps that ended in each region


class Paths(NamedTuple):
    """Keeps paths: pure functions of one life."""

    start: Callable[[Int[Array, "2"]], Path]
    """position -> path"""
    step: Callable[[Path, Int[Array, "2"], Bool[Array, ""]], Path]
    """(path, position after the step, alive before it) -> path"""


def paths_in(env: AnyEnv) -> Paths:
    """Paths in a world with a map, of which an axis is cut into `SIDE` equal parts.

    Raises:
      ValueError: the world has no map.
    """
    if not has_map(env):
        raise ValueError(
            "a path must be in a world with a map, where an agent is somewhere; "
            "this one has none."
        )
    size = np.array(env.size, np.int32)
    parts = np.minimum(size, SIDE)
    # The first cell of every part but the first, along each axis.
    borders = [-(-np.arange(1, n) * s // n) for n, s in zip(parts, size, strict=True)]
    region = np.arange(np.prod(parts), dtype=np.int32)

    def start(position: Int[Array, "2"]) -> Path:
        zero = jnp.int32(0)
        return Path(
            first=position,
            last=position,
            moves=zero,
            farthest=zero,
            visits=jnp.zeros(len(region), jnp.int32),
        )

    def step(path: Path, position: Int[Array, "2"], alive: Bool[Array, ""]) -> Path:
        position = jnp.where(alive, position, path.last)
        gap = position - path.first
        at = [_part(x, edges) for x, edges in zip(position, borders, strict=True)]
        here = at[0] * int(parts[1]) + at[1]
        return Path(
            first=path.first,
            last=position,
            moves=path.moves + jnp.any(position != path.last).astype(jnp.int32),
            farthest=jnp.maximum(path.farthest, jnp.sum(gap * gap)),
            visits=path.visits + (alive & (region == here)).astype(jnp.int32),
        )

    return Paths(start, step)


def _part(coordinate: Int[Array, ""], borders: np.ndarray) -> Int[Array, ""]:
    """The part of an axis in which a coordinate lies."""
    if not len(borders):
        return jnp.int32(0)
    return jnp.sum((coordinate >= borders).astype(jnp.int32))
