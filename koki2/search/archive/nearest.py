"""Exact search for the nearest of fixed centroids, for points of the unit cube.

The cube is divided into equal buckets. A centroid can be nearest to a point of a bucket
with middle m and radius r only if its distance from m is at most that of the nearest
centroid to m, plus 2 r. So each bucket lists a few candidates, and these are enough. In
many dimensions the lists are long and the buckets many; then all centroids are tried.
"""

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
import scipy.spatial
from jaxtyping import Array, Float, Int

MAX_DIMS = 4  # beyond it, all centroids are tried
_BUCKETS_PER_CENTROID = 4.0
_MAX_BUCKETS = 2**17
_MAX_ENTRIES = 2**24  # of all lists together
_SLACK = 1e-5  # error bound of float32


def nearest(centroids: np.ndarray) -> Callable[[Float[Array, " B"]], Int[Array, ""]]:
    """Builds point -> index of the nearest centroid; of two equally near, the lower.

    Args:
      centroids: in the unit cube, [C, B], float32.

    Returns:
      A function of one point in the unit cube.

    Example:
      >>> find = nearest(np.array([[0.2], [0.8]], np.float32))
      >>> [int(find(jnp.array([x]))) for x in (0.0, 0.49, 0.5, 0.51, 1.0)]
      [0, 0, 0, 1, 1]
    """
    count, dims = centroids.shape
    lists = _candidates(centroids) if dims <= MAX_DIMS else None
    if lists is None or lists.shape[1] >= count:
        return lambda point: _first_nearest(jnp.asarray(centroids), point)
    per_side = round(lists.shape[0] ** (1 / dims))
    stride = per_side ** np.arange(dims - 1, -1, -1, dtype=np.int32)
    # A bucket's candidates are contiguous, so that a look-up reads one block of memory.
    places = centroids[lists].reshape(lists.shape[0], -1)

    def find(point: Float[Array, " B"]) -> Int[Array, ""]:
        box = jnp.floor(point * np.float32(per_side)).astype(jnp.int32)
        box = jnp.clip(box, 0, per_side - 1)
        bucket = sum(box[b] * n for b, n in enumerate(stride))
        near = jnp.asarray(places)[bucket].reshape(lists.shape[1], dims)
        return jnp.asarray(lists)[bucket, _first_nearest(near, point)]

    return find


def _first_nearest(
    places: Float[Array, "K B"], point: Float[Array, " B"]
) -> Int[Array, ""]:
    gap = places - point[None]
    # Term by term: batched over points, XLA compiles this far better than a sum.
    square = sum(gap[:, b] * gap[:, b] for b in range(point.shape[0]))
    return jnp.argmin(square).astype(jnp.int32)


def _candidates(centroids: np.ndarray) -> np.ndarray | None:
    """The centroids that can be nearest in each bucket, ascending, [buckets, K].

    Short lists are padded with their last entry, which cannot change the argmin.
    None if the lists would take too much memory.
    """
    count, dims = centroids.shape
    buckets = min(count * _BUCKETS_PER_CENTROID, _MAX_BUCKETS)
    per_side = max(1, int(buckets ** (1 / dims)))
    line = (np.arange(per_side) + 0.5) / per_side
    middle = np.stack(np.meshgrid(*[line] * dims, indexing="ij"), -1).reshape(-1, dims)
    radius = np.sqrt(dims) / (2 * per_side)
    tree = scipy.spatial.cKDTree(centroids.astype(np.float64))
    reach = tree.query(middle)[0] + 2 * radius + _SLACK
    longest = int(np.max(tree.query_ball_point(middle, reach, return_length=True)))
    if longest * len(middle) > _MAX_ENTRIES:
        return None
    lists = np.zeros((len(middle), longest), np.int32)
    for row, near in zip(
        lists, tree.query_ball_point(middle, reach, return_sorted=True), strict=True
    ):
        row[: len(near)] = near
        row[len(near) :] = near[-1]
    return lists
