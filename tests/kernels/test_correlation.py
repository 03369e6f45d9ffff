"""correlation: the formula, the twins, symmetry, zeros and gradients."""

import jax
import jax.numpy as jnp
import jax.test_util
import numpy as np
import pytest
from lanes_of_tests import mostly_slow

from koki2.kernels import cases, correlation
from koki2.kernels.correlation import reference
from koki2.kernels.dispatch import no_mosaic

needs_mosaic = pytest.mark.skipif(no_mosaic() is not None, reason=str(no_mosaic()))
TINY = [c for c in cases.CASES if c.op == "correlation" and c.use == "tiny"]
NAMES = ["reference", pytest.param("interpret", marks=needs_mosaic)]


def draw(shape, dtype=jnp.float32, seed=0):
    draw = np.random.default_rng(seed).standard_normal
    return jnp.asarray(draw(shape), dtype)


def by_hand(x):
    """The formula of the door, in float64."""
    x = np.asarray(x, np.float64)
    length = np.linalg.norm(x, axis=1)
    return x @ x.T / np.outer(length, length)


def test_worked_numbers():
    """(3, 4) and (4, 3): 24 / 25; against (0, -2): -4/5 and -3/5."""
    found = correlation(jnp.array([[3.0, 4.0], [4.0, 3.0], [0.0, -2.0]]))
    expected = [[1.0, 0.96, -0.8], [0.96, 1.0, -0.6], [-0.8, -0.6, 1.0]]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize(
    "shape",
    mostly_slow([(1, 1), (2, 7), (5, 1), (65, 33), (70, 130)], (5, 1), (65, 33)),
)
def test_the_reference_is_the_formula_and_auto_takes_it(shape, dtype):
    x = draw(shape, dtype)
    found = jax.jit(correlation)(x)
    assert found.dtype == jnp.float32
    np.testing.assert_allclose(found, by_hand(x), atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_symmetry_and_the_diagonal_are_exact_whatever_a_row_s_size(name):
    """Squares of 1e30 and of 1e-30 are no numbers of float32; the cosines are."""
    x = draw((64, 64), jnp.bfloat16)
    size = jnp.logspace(-30, 30, 64).astype(jnp.bfloat16)[:, None]
    x = x * size
    x = x.at[0].set(0.0).at[1].set(-x[2])
    found = np.asarray(correlation(x, implementation=name))
    np.testing.assert_array_equal(found, found.T)
    np.testing.assert_array_equal(np.diag(found), [0.0] + [1.0] * 63)
    assert np.all(np.abs(found) <= 1) and not found[0].any()
    assert found[1, 2] < -1 + 1e-6
    np.testing.assert_allclose(found[1:, 1:], by_hand(x[1:]), atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_not_finite_is_nan_in_its_row_and_column_alone(name):
    x = draw((64, 64), jnp.bfloat16).at[3, 5].set(jnp.nan).at[9, 0].set(jnp.inf)
    bad = np.isin(np.arange(64), [3, 9])
    found = np.isnan(correlation(x, implementation=name))
    np.testing.assert_array_equal(found, bad[:, None] | bad[None])


@needs_mosaic
@pytest.mark.parametrize("case", mostly_slow(TINY, TINY[0]), ids=lambda case: case.name)
def test_the_kernel_is_the_reference_and_has_no_race(case, capfd):
    key_inputs, key_out = jax.random.split(jax.random.key(7))
    inputs, d_out = case.inputs(key_inputs), cases.cotangents(case, key_out)
    (ours, (d_ours,)), (theirs, (d_theirs,)) = (
        jax.jit(cases.backward(case, name))(d_out, *inputs)
        for name in ("interpret", "reference")
    )
    assert ours.dtype == theirs.dtype
    np.testing.assert_allclose(ours, theirs, atol=case.tolerance)
    np.testing.assert_array_equal(*(np.asarray(x, float) for x in (d_ours, d_theirs)))
    assert "RACE" not in capfd.readouterr().out


@pytest.mark.slow
@needs_mosaic
def test_vmap_makes_the_batch_longer():
    x = draw((3, 64, 64), jnp.bfloat16)
    run = lambda name: jax.vmap(lambda x: correlation(x, implementation=name))(x)
    np.testing.assert_allclose(run("interpret"), run("reference"), atol=1e-6)


@pytest.mark.slow
def test_gradients_are_the_finite_differences_and_zeros_have_none():
    with jax.enable_x64(True):
        x = draw((5, 4), jnp.float64)
        run = jax.jit(reference.correlation)
        jax.test_util.check_grads(run, (x,), order=1, modes=["rev"], rtol=1e-6)
    x = draw((5, 4)).at[2].set(0.0)
    grad = jax.grad(lambda x: jnp.sum(correlation(x) ** 3))(x)
    assert np.isfinite(grad).all() and not grad[2].any() and grad[1].any()


@needs_mosaic
@pytest.mark.parametrize(
    "shape, dtype, why",
    [
        ((64, 64), "float32", "takes bfloat16, got float32"),
        ((65, 64), "bfloat16", "M must be a multiple of 64, got M=65"),
        ((64, 24), "bfloat16", "D must be a multiple of 64, got D=24"),
    ],
)
def test_what_the_kernel_cannot_take_it_refuses(shape, dtype, why):
    for named in ("pallas", "interpret"):
        with pytest.raises(NotImplementedError, match=why):
            correlation(draw(shape, dtype), implementation=named)


def test_an_empty_matrix_is_refused():
    with pytest.raises(ValueError, match="a row and a column at least"):
        correlation(jnp.zeros((0, 3)))
