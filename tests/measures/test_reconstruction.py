"""Kernel PCA and the way back from an embedding, by hand and beside a library."""

import jax
import jax.numpy as jnp
import pytest
from paper_metrics import some_samples

from koki2 import measures
from koki2.measures import explained_variance, KernelConfig, standardise

kernel_pca = jax.jit(measures.kernel_pca, static_argnums=(1, 2))
reconstruction_error = jax.jit(
    measures.reconstruction_error, static_argnums=2, static_argnames="ridge"
)

CROSS = jnp.array([[2.0, 0.0], [-2.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
LINEAR = KernelConfig(kernel="linear", gamma=1.0)

# scikit-learn 1.9.1: KernelPCA(2 components, alpha=1) of the standardised samples; the
# error left out from KernelRidge(alpha=1), fitted anew for every sample.
LIBRARY = {
    "rbf": (0.1503618, 0.1444515, 0.5973233, 0.7029570),
    "poly": (0.2546557, 0.1540090, 0.3326276, 0.5586450),
    "linear": (0.3507908, 0.2511535, 0.3985036, 0.4536283),
    "cosine": (0.2934571, 0.2694259, 0.4920387, 0.5764043),
}


def test_the_best_axis_keeps_the_longer_arm():
    """Squared lengths 8 along, 2 across."""
    found = kernel_pca(CROSS, 1, LINEAR)
    assert found.kept.tolist() == pytest.approx([0.8])
    assert found.error.item() == pytest.approx(0.2)
    assert jnp.abs(found.scores[:, 0]).tolist() == pytest.approx([2, 2, 0, 0], abs=1e-6)


@pytest.mark.parametrize("places", [[3, -1, -2], [-1, 3, -2], [-1, -2, 3]])
@pytest.mark.parametrize("side", [1.0, -1.0])
def test_axes_point_to_where_points_are_farthest(places, side):
    found = kernel_pca(side * jnp.array(places, jnp.float32)[:, None], 1, LINEAR)
    assert found.scores[:, 0].tolist() == pytest.approx(places)


def test_the_way_back_from_the_longer_arm():
    """In sample the arm shrinks by 1 in 9; left out, 4 / 5 of it is guessed from its
    other end; the other arm is missed whole both times."""
    for elsewhere in (0.0, 100.0):
        embedding = CROSS[:, :1] + elsewhere
        found = reconstruction_error(CROSS + elsewhere, embedding, LINEAR, ridge=1.0)
        assert found.in_sample.item() == pytest.approx((8 / 81 + 2) / 10)
        assert found.left_out.item() == pytest.approx((2 * 0.4**2 + 2) / 10)


@pytest.mark.parametrize("kernel", LIBRARY)
def test_kernels_axes_and_the_way_back_are_those_of_a_library(kernel):
    gamma = 1.0 if kernel == "linear" else 0.2
    config = KernelConfig(kernel=kernel, gamma=gamma, degree=3, coef0=1.0)
    points = standardise(some_samples())
    axes = kernel_pca(points, 2, config)
    back = reconstruction_error(points, axes.scores, config, ridge=1.0)
    found = [*axes.kept.tolist(), back.in_sample.item(), back.left_out.item()]
    assert found == pytest.approx(list(LIBRARY[kernel]), rel=1e-4)


def test_a_linear_kernel_keeps_what_principal_axes_explain():
    points = standardise(some_samples())
    found = kernel_pca(points, 5, KernelConfig(kernel="linear"))
    assert found.kept.tolist() == pytest.approx(
        explained_variance(points).tolist(), rel=1e-4
    )
    assert found.error.item() == pytest.approx(0, abs=1e-5)


def test_an_open_gamma_makes_the_unit_not_count():
    """Sum of variances 2 and 1/2: gamma = 0.4, and four millionths of it for mm."""
    expected = kernel_pca(CROSS, 2, KernelConfig(gamma=0.4)).kept
    for unit in (1.0, 1000.0):
        found = kernel_pca(unit * CROSS, 2, KernelConfig()).kept
        assert found.tolist() == pytest.approx(expected.tolist(), rel=1e-5)


@pytest.mark.slow
def test_an_embedding_of_noise_explains_in_sample_and_is_no_use_left_out(key):
    key_points, key_noise = jax.random.split(key)
    points = jax.random.normal(key_points, (60, 3))
    noise = jax.random.normal(key_noise, (60, 1))
    found = reconstruction_error(points, noise, KernelConfig(gamma=50.0), ridge=0.01)
    assert found.in_sample < 0.5
    assert found.left_out > 1


def test_a_constant_embedding_tells_nothing():
    found = reconstruction_error(CROSS, jnp.full((4, 1), 0.1), KernelConfig())
    assert found.in_sample.item() == pytest.approx(1)
    assert found.left_out.item() >= 1


@pytest.mark.slow
def test_points_that_are_all_one_have_nothing_to_keep():
    same = jnp.full((6, 2), 0.3)
    for kernel in LIBRARY:
        found = kernel_pca(same, 1, KernelConfig(kernel=kernel))
        assert jnp.isnan(found.error) and jnp.all(jnp.isnan(found.kept))
    found = reconstruction_error(same, same, KernelConfig())
    assert jnp.isnan(found.in_sample) and jnp.isnan(found.left_out)


@pytest.mark.parametrize("components", [0, 5])
def test_there_are_as_many_axes_as_points(components):
    with pytest.raises(
        ValueError, match=f"components must be 1 to 4.* got {components}"
    ):
        kernel_pca(CROSS, components, LINEAR)
