"""effective_rank and count_rank: worked numbers, edges, and the two ways to s."""

import functools
import math

import jax
import jax.numpy as jnp
import jax.test_util
import numpy as np
import pytest

from koki2 import kernels

WAYS = ["reference", "gram"]
effective_rank, count_rank = (
    jax.jit(rank, static_argnames="implementation")
    for rank in (kernels.effective_rank, kernels.count_rank)
)


def with_values(shape, values, seed=0):
    """A random matrix with these singular values, in float32, and they themselves."""
    draw, n = np.random.default_rng(seed), min(shape)
    left, right = (np.linalg.qr(draw.standard_normal((d, n)))[0] for d in shape)
    return jnp.asarray((left * values) @ right.T, jnp.float32)


def by_hand(values):
    share = np.asarray(values, np.float64)
    share = share[share > 0] / share.sum()
    return math.exp(-np.sum(share * np.log(share)))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "values, expected",
    [
        ([7.0], 1.0),
        ([2.0, 2.0, 2.0], 3.0),
        ([5.0, 0.0, 0.0], 1.0),
        # p = 3/4, 1/4: H = 3/4 ln(4/3) + 1/4 ln 4 = ln 4 - 3/4 ln 3
        ([3.0, 1.0], 4 / 3**0.75),
        # p = 1/2, 1/4, 1/4: H = 3/2 ln 2
        ([2.0, 1.0, 1.0], 2**1.5),
    ],
)
def test_worked_numbers(way, values, expected):
    x = np.diag(values)
    for some in (x, -3e18 * x, 1e-18 * x, np.pad(x, ((0, 2), (0, 0)))):
        found = effective_rank(jnp.asarray(some, jnp.float32), implementation=way)
        assert abs(float(found) - expected) < 1e-5


@pytest.mark.parametrize("way", WAYS)
def test_a_direction_counts_above_one_hundredth_of_the_largest(way):
    x = jnp.asarray(np.diag([200.0, 2.1, 1.9, 0.0]), jnp.float32)
    assert count_rank(x, implementation=way) == 2.0
    assert count_rank(jnp.ones((5, 9)), implementation=way) == 1.0
    assert count_rank(with_values((64, 48), [1.0] * 3 + [0.0] * 45)) == 3.0


@pytest.mark.parametrize("way", WAYS)
def test_zeros_have_rank_zero_and_nan_and_infinity_pass_through(way):
    for rank in (effective_rank, count_rank):
        rank = functools.partial(rank, implementation=way)
        assert rank(jnp.zeros((3, 5))) == 0.0
        for bad in (jnp.nan, jnp.inf):
            assert np.isnan(rank(jnp.eye(3).at[1, 2].set(bad)))
        many = jnp.stack([jnp.eye(3), jnp.zeros((3, 3)), jnp.full((3, 3), jnp.nan)])
        np.testing.assert_allclose(
            jax.jit(jax.vmap(rank))(many), [3.0, 0.0, np.nan], rtol=1e-6
        )


@pytest.mark.slow
@pytest.mark.parametrize(
    "decades, way, tolerance",
    [
        (1, "gram", 1e-6),
        (2, "gram", 2e-6),
        (3, "gram", 4.1e-3),  # 4e-3, rounded
        (6, "gram", 1.1e-2),
        (3, "reference", 1e-6),
        (6, "reference", 1e-6),
    ],
)
@pytest.mark.parametrize("shape", [(64, 64), (128, 96), (40, 200)])
def test_the_error_is_what_the_door_says(shape, decades, way, tolerance):
    """Of a geometric fall over `decades`: it shows how squares lose half the digits."""
    values = np.logspace(0, -decades, min(shape))
    x, expected = with_values(shape, values), by_hand(values)
    found = float(effective_rank(x, implementation=way))
    assert abs(found / expected - 1) < tolerance
    count = float(count_rank(x, implementation=way))
    assert abs(count - np.sum(values > 0.01)) <= 1


@pytest.mark.parametrize("way", WAYS)
def test_a_low_rank_is_seen_through_the_noise(way):
    """Without a floor, "gram" finds 1.05 and more here: 63 times sqrt(eps)."""
    for rank in (1, 8):
        values = [1.0] * rank + [0.0] * (64 - rank)
        found = effective_rank(with_values((64, 64), values), implementation=way)
        assert abs(float(found) / rank - 1) < 2e-5


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_gradients_are_the_finite_differences_and_zeros_have_none(way):
    run = functools.partial(effective_rank, implementation=way)
    with jax.enable_x64(True):
        x = jax.random.normal(jax.random.key(0), (4, 6), jnp.float64)
        jax.test_util.check_grads(jax.jit(run), (x,), order=1, modes=["rev"], rtol=1e-5)
    # p = 3/4, 1/4, 0: d/ds_i = -R (ln p_i + H) / 4
    entropy = math.log(4) - 0.75 * math.log(3)
    expected = [-math.exp(entropy) * (math.log(p) + entropy) / 4 for p in (0.75, 0.25)]
    grad = jax.grad(run)(jnp.diag(jnp.array([3.0, 1.0, 0.0])))
    np.testing.assert_allclose(grad, np.diag([*expected, 0.0]), atol=1e-5)
    assert not np.any(jax.grad(run)(jnp.zeros((3, 3))))


def test_half_precision_is_widened_and_other_names_are_refused():
    x = jnp.eye(4, dtype=jnp.bfloat16)
    assert effective_rank(x).dtype == jnp.float32
    assert abs(float(effective_rank(x, implementation="gram")) - 4) < 1e-5
    with pytest.raises(ValueError, match="one of auto, reference, gram, got 'pallas'"):
        kernels.effective_rank.__wrapped__(x, implementation="pallas")
    with pytest.raises(ValueError, match="a row and a column at least"):
        kernels.count_rank(x[:0])


def test_both_ranks_are_those_of_each():
    x = with_values((12, 8), [5.0, 3.0, 1.0, 0.04, 0.02, 0.0, 0.0, 0.0])
    for way in WAYS:
        both = jax.jit(kernels.both_ranks, static_argnames="implementation")
        count, entropy = both(x, implementation=way)
        assert count == count_rank(x, implementation=way) == 3
        assert entropy == effective_rank(x, implementation=way)
