"""Cells of a grid and of a CVT: each descriptor has one, and it is the right one."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from koki2.search import ArchiveConfig
from koki2.search.archive import cells
from koki2.search.archive.cvt import _centroids
from koki2.search.archive.nearest import nearest


def test_every_middle_of_a_grid_lies_in_its_cell():
    config = ArchiveConfig(shape=(3, 5, 2), low=(-1.0, 0.0, 10.0), high=(1.0, 0.5, 1e4))
    space = cells(config)
    found = jax.jit(jax.vmap(space.index))(jnp.asarray(space.centre))
    assert found.tolist() == list(range(30))


def test_the_last_dimension_of_a_grid_runs_fastest_and_edges_belong_to_it():
    space = cells(ArchiveConfig(shape=(2, 4)))
    where = {
        (0.0, 0.0): 0,
        (0.0, 0.25): 1,
        (0.49, 1.0): 3,
        (0.5, 0.0): 4,
        (1.0, 1.0): 7,
    }
    index = jax.jit(space.index)
    for descriptor, cell in where.items():
        assert index(jnp.array(descriptor)) == cell
    for outside in ([-1e-6, 0.0], [0.0, 1.0001], [jnp.nan, 0.0], [jnp.inf, 0.0]):
        assert index(jnp.array(outside)) == 8


@pytest.mark.parametrize("dims,count", [(1, 40), (2, 300), (3, 100), (4, 60), (6, 30)])
def test_the_nearest_centroid_is_found_exactly(dims, count):
    rng = np.random.default_rng(dims)
    centroids = rng.uniform(size=(count, dims)).astype(np.float32)
    centroids[: count // 2] *= 0.1  # crowded here, empty there
    points = rng.uniform(size=(2000, dims)).astype(np.float32)
    points[:count] = centroids
    found = np.asarray(jax.jit(jax.vmap(nearest(centroids)))(points))
    gap = np.sum((points[:, None].astype(np.float64) - centroids[None]) ** 2, axis=2)
    assert found[:count].tolist() == list(range(count))
    chosen = np.take_along_axis(gap, found[:, None], axis=1)[:, 0]
    assert np.all(chosen <= gap.min(axis=1) * (1 + 1e-5) + 1e-9)
    clear = np.sort(gap, axis=1)[:, :2]
    clear = clear[:, 1] > clear[:, 0] * (1 + 1e-4) + 1e-9
    assert np.array_equal(found[clear], gap.argmin(axis=1)[clear])


def test_of_centroids_that_are_as_near_the_lower_number_wins():
    twice = np.repeat(np.array([[0.25, 0.5], [0.75, 0.5]], np.float32), 2, axis=0)
    points = jnp.array([[0.1, 0.1], [0.5, 0.5], [0.9, 0.2]])
    found = jax.jit(jax.vmap(nearest(twice)))(points)
    assert found.tolist() == [0, 0, 2]


def test_a_cvt_is_even_and_the_same_each_time():
    config = ArchiveConfig(archive="cvt", cvt_cells=64, cvt_samples=8192)
    first = cells(config)
    _centroids.cache_clear()
    assert first.centre.tobytes() == cells(config).centre.tobytes()
    rng = np.random.default_rng(0)
    points = jnp.asarray(rng.uniform(size=(64_000, 2)), jnp.float32)
    size = np.bincount(np.asarray(jax.jit(jax.vmap(first.index))(points)), minlength=64)
    assert 700 < size.min() and size.max() < 1400, (size.min(), size.max())  # 1000 each


@pytest.mark.parametrize(
    "wrong,says",
    [
        ({"shape": (4,)}, "a number of cells for each dimension"),
        ({"low": (0.0, 1.0)}, "below those of high"),
        ({"low": (0.0,)}, "equally many"),
        ({"shape": (10_000, 10_000)}, "10000000 in all"),
        ({"archive": "cvt", "cvt_cells": 10, "cvt_samples": 5}, "got 5 for 10"),
    ],
)
def test_a_space_that_cannot_be_cut_is_refused(wrong, says):
    with pytest.raises(ValueError, match=says):
        ArchiveConfig(**wrong)
