"""CVT: a given number of centroids, spread evenly; a cell is what is nearest to one.

The centroids are fitted by Lloyd's algorithm to points of a scrambled Sobol sequence,
which fills the space more evenly than random points; the same config gives the same
centroids on every machine. The nearest centroid is found exactly: in few dimensions
among those that can be nearest in the descriptor's neighbourhood, else among all.
"""

import functools

import jax.numpy as jnp
import numpy as np
import scipy.spatial
import scipy.stats
from jaxtyping import Array, Float, Int

from koki2.search.archive.nearest import nearest
from koki2.search.archive.records import Cells
from koki2.search.configs import ArchiveConfig

ITERATIONS = 20  # of Lloyd's algorithm


def cvt(config: ArchiveConfig) -> Cells:
    """Divides the space into the Voronoi cells of `config.cvt_cells` centroids.

    Distances are in units of the space's span in each dimension, so that a dimension
    of large numbers does not dominate. A descriptor equally near to two centroids
    belongs to the one of lower index.

    Args:
      config: cvt_cells, cvt_samples, cvt_seed, low and high are read.

    Example:
      >>> space = cvt(ArchiveConfig(archive="cvt", cvt_cells=16, cvt_samples=1024))
      >>> space.centre.shape, int(space.index(jnp.array(space.centre[3])))
      ((16, 2), 3)
      >>> int(space.index(jnp.array([0.5, 1.5])))  # outside
      16

    Source: Vassiliades, Chatzilygeroudis and Mouret, "Using centroidal Voronoi
    tessellations to scale up MAP-Elites", 2018. Unlike there, descriptors outside of
    the space are refused.
    """
    low, high = (np.array(edge, np.float32) for edge in (config.low, config.high))
    unit = _centroids(
        config.cvt_cells, config.cvt_samples, config.cvt_seed, config.dims
    )
    width = np.array(config.high) - np.array(config.low)
    scale = (1.0 / width).astype(np.float32)
    find = nearest(unit)
    count = config.cvt_cells

    def index(descriptor: Float[Array, " B"]) -> Int[Array, ""]:
        inside = jnp.all((descriptor >= low) & (descriptor <= high))
        point = jnp.where(inside, (descriptor - low) * scale, 0.0)
        return jnp.where(inside, find(point), count)

    centre = (np.array(config.low) + unit * width).astype(np.float32)
    return Cells(count, low, high, centre, None, index)


@functools.lru_cache(maxsize=16)
def _centroids(count: int, samples: int, seed: int, dims: int) -> np.ndarray:
    """Centroids in the unit cube, [count, dims], float32, in the Sobol order."""
    sobol = scipy.stats.qmc.Sobol(dims, rng=np.random.default_rng(seed))
    power = max(samples - 1, 1).bit_length()
    points = sobol.random_base2(power)[:samples]
    centroids = points[:count].copy()
    for _ in range(ITERATIONS):
        _, owner = scipy.spatial.cKDTree(centroids).query(points)
        size = np.bincount(owner, minlength=count)
        for b in range(dims):
            total = np.bincount(owner, weights=points[:, b], minlength=count)
            centroids[:, b] = np.where(
                size > 0, total / np.maximum(size, 1), centroids[:, b]
            )
    fitted = centroids.astype(np.float32)
    fitted.setflags(write=False)
    return fitted
