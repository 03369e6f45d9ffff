"""Where the cells of a behaviour space lie, as pixels, polygons or intervals.

Plain arrays: C cells, B dimensions.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import scipy.spatial


class Space(NamedTuple):
    """A behaviour space cut into cells."""

    names: Sequence[str]
    """Of its dimensions, B."""
    low: np.ndarray
    """Lower edge in each, [B]."""
    high: np.ndarray
    """Upper edge in each, [B]."""
    centre: np.ndarray
    """A point of each cell, [C, B]: its middle, or its centroid."""
    shape: Sequence[int] | None
    """Cells per dimension, the last running fastest; None where centroids cut it."""


class Elites(NamedTuple):
    """What is in the cells."""

    fitness: np.ndarray
    """[C]; read where filled, like the others."""
    birth: np.ndarray
    """Generation in which it was born, [C]."""
    descriptor: np.ndarray
    """How it behaved, [C, B]."""
    filled: np.ndarray
    """Whether there is one, [C]."""


def pixels(
    fitness: np.ndarray, filled: np.ndarray, shape: Sequence[int], dims: tuple[int, int]
) -> np.ndarray:
    """Which cell of a grid each pixel shows: the fittest over the dimensions left out.

    Args:
      fitness: of each cell, [C].
      filled: which have an elite, [C].
      shape: cells per dimension, the last running fastest.
      dims: which dimension is the pixels' first, which one their second.

    Returns:
      Numbers of cells, [shape[dims[0]], shape[dims[1]]]; -1 where all are empty.

    Example:
      >>> fitness = np.array([1.0, 5.0, 3.0, 2.0, 9.0, 0.0, 0.0, 0.0])
      >>> filled = np.array([1, 1, 1, 1, 0, 1, 0, 0], bool)
      >>> pixels(fitness, filled, (2, 2, 2), (0, 1)).tolist()
      [[1, 2], [5, -1]]
    """
    others = [b for b in range(len(shape)) if b not in dims]
    sides = [shape[b] for b in dims]
    apart = lambda flat: (
        flat.reshape(shape).transpose(*dims, *others).reshape(*sides, -1)
    )
    level = apart(np.where(filled, fitness, -np.inf))
    cell = apart(np.arange(len(fitness)))
    best = np.argmax(level, axis=-1, keepdims=True)
    found = np.take_along_axis(cell, best, axis=-1)[..., 0]
    return np.where(filled[found], found, -1)


def voronoi(points: np.ndarray) -> list[np.ndarray]:
    """The Voronoi cells of points in the unit square, cut off at its edges.

    Each point's mirror images beyond the four edges make the edges be edges of cells.

    Args:
      points: [C, 2], all different.

    Returns:
      For each point the corners of its cell, [V, 2], in order.

    Example:
      >>> left, right = voronoi(np.array([[0.25, 0.5], [0.75, 0.5]]))
      >>> np.ptp(left, axis=0).tolist(), right.max(axis=0).tolist()
      ([0.5, 1.0], [1.0, 1.0])
    """
    x, y = points.T
    mirrored = [(x, y), (-x, y), (2 - x, y), (x, -y), (x, 2 - y)]
    found = scipy.spatial.Voronoi(
        np.concatenate([np.stack(p, axis=1) for p in mirrored])
    )
    regions = (found.regions[found.point_region[c]] for c in range(len(points)))
    return [np.clip(found.vertices[region], 0.0, 1.0) for region in regions]


def intervals(space: Space) -> tuple[np.ndarray, np.ndarray]:
    """Where the cells of a space of one dimension begin and end, [C] each.

    Example:
      >>> centre = np.array([[7.0], [1.0]])
      >>> low, high = intervals(
      ...     Space(["x"], np.array([0.0]), np.array([8.0]), centre, None))
      >>> low.tolist(), high.tolist()
      ([4.0, 0.0], [8.0, 4.0])
    """
    centre = space.centre[:, 0].astype(float)
    order = np.argsort(centre)
    between = (centre[order][1:] + centre[order][:-1]) / 2
    edges = np.concatenate([space.low[:1], between, space.high[:1]])
    low, high = np.empty_like(centre), np.empty_like(centre)
    low[order], high[order] = edges[:-1], edges[1:]
    return low, high


def nearest(points: np.ndarray, side: int) -> np.ndarray:
    """Whose Voronoi cell each pixel's middle lies in, the unit square being cut up.

    Example:
      >>> nearest(np.array([[0.2, 0.5], [0.8, 0.5]]), 2).tolist()
      [[0, 0], [1, 1]]
    """
    middle = (np.arange(side) + 0.5) / side
    place = np.stack(np.meshgrid(middle, middle, indexing="ij"), axis=-1)
    return scipy.spatial.KDTree(points).query(place)[1]
