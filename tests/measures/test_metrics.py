"""Adequacy, sphericity and span of metrics whose correlations are known on paper."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats
from paper_metrics import A, ABC, B, C, columns, some_samples

from koki2 import measures
from koki2.measures import centre, correlations, standardise, varies

bartlett_sphericity, explained_variance, kmo = map(
    jax.jit,
    (measures.bartlett_sphericity, measures.explained_variance, measures.kmo),
)
near = lambda *numbers: pytest.approx(numbers, rel=1e-4)
ALIKE = columns(A + ABC, B + ABC, C + ABC)  # r = 1/2 between any two
SUM = columns(A, B, A + B)  # r = 0, 1/sqrt 2, 1/sqrt 2


def test_two_metrics_alone_have_an_adequacy_of_one_half():
    """Nothing is held fixed between them, so q = r."""
    found = kmo(columns(A, 0.6 * A + 0.8 * B))
    assert found.overall.item() == pytest.approx(0.5)
    assert found.each.tolist() == near(0.5, 0.5)


def test_adequacy_sets_what_is_shared_against_what_is_left_of_it():
    """r = 1/2 and q = r / (1 + r) = 1/3: 1/4 over 1/4 + 1/9."""
    found = kmo(ALIKE)
    assert found.overall.item() == pytest.approx(9 / 13)
    assert found.each.tolist() == near(9 / 13, 9 / 13, 9 / 13)
    assert not found.singular


def test_where_one_metric_is_the_sum_of_others_the_pseudo_inverse_stands_in():
    """R+ = 5/8, 5/8, 1/4 on the diagonal, -3/8 and sqrt(2)/8 off it: q^2 = .36, .2."""
    found = kmo(SUM)
    assert found.singular
    assert found.overall.item() == pytest.approx(1 / 1.76, rel=1e-4)
    assert found.each.tolist() == near(0.5 / 1.06, 0.5 / 1.06, 1 / 1.4)


def test_uncorrelated_metrics_have_no_adequacy_and_are_spherical():
    metrics = columns(A, 7 * B, C)
    assert jnp.isnan(kmo(metrics).overall)
    assert jnp.all(jnp.isnan(kmo(metrics).each))
    found = bartlett_sphericity(metrics)
    assert found.chi2.item() == pytest.approx(0, abs=1e-4)
    assert found.p.item() == pytest.approx(1, abs=1e-3)


def test_sphericity_of_two_metrics():
    """S = 8, M = 2: a factor of 5.5; det R = 1 - 0.36; chi-square of one degree."""
    found = bartlett_sphericity(columns(A, 0.6 * A + 0.8 * B))
    expected = -5.5 * math.log(0.64)
    assert found.df.item() == 1
    assert found.chi2.item() == pytest.approx(expected, rel=1e-4)
    assert found.p.item() == pytest.approx(math.erfc((expected / 2) ** 0.5), rel=1e-4)


def test_sphericity_of_three_metrics():
    """S = 8, M = 3: a factor of 31/6; det R = 1/2."""
    found = bartlett_sphericity(ALIKE)
    expected = 31 / 6 * math.log(2)
    assert found.df.item() == 3
    assert found.chi2.item() == pytest.approx(expected, rel=1e-4)
    assert found.p.item() == pytest.approx(scipy.stats.chi2.sf(expected, 3), rel=1e-4)


def test_sphericity_is_not_about_equal_variances():
    """`scipy.stats.bartlett` errs both ways: it sees spread, and no correlation."""
    unequal, copies = columns(100 * A, B), columns(A, A + 0.01 * B)
    assert scipy.stats.bartlett(*np.array(unequal).T).pvalue < 1e-6
    assert bartlett_sphericity(unequal).p > 0.99
    assert scipy.stats.bartlett(*np.array(copies).T).pvalue > 0.99
    assert bartlett_sphericity(copies).p < 1e-6


def test_a_metric_that_is_the_sum_of_others_is_beyond_doubt():
    found = bartlett_sphericity(SUM)
    assert (found.chi2.item(), found.p.item()) == (math.inf, 0)
    assert found.singular


def test_a_determinant_of_a_millionth_is_told_from_zero():
    """1 - r^2 = 1e-6 / (1 + 1e-6), of which a float32 R has lost a tenth."""
    found = correlations(columns(A, A + 0.001 * B))
    assert not found.singular
    assert found.log_det.item() == pytest.approx(math.log(1e-6), abs=2e-3)


@pytest.mark.slow
def test_units_and_constant_metrics_count_nowhere():
    plain = some_samples()
    units = jnp.array([1e-20, 1.0, 1e3, -1.0, 1e25])
    other = jnp.insert(plain * units[None], 2, 0.1, axis=1)
    for measure in (kmo, bartlett_sphericity):
        expected, found = measure(plain), measure(other)
        assert found.used.tolist() == [True, True, False, True, True, True]
        assert not found.singular
    assert found.chi2.item() == pytest.approx(expected.chi2.item(), rel=1e-4)
    assert found.p.item() == pytest.approx(expected.p.item(), rel=1e-4)
    expected, found = kmo(plain), kmo(other)
    assert found.overall.item() == pytest.approx(expected.overall.item(), rel=1e-4)
    assert jnp.isnan(found.each[2])
    assert jnp.delete(found.each, 2).tolist() == near(*expected.each.tolist())


@pytest.mark.parametrize(
    "metrics",
    [ALIKE[:3], columns(A), columns(A, jnp.ones(8)), ALIKE.at[0, 1].set(jnp.nan)],
    ids=["three samples of three", "one metric", "one that varies", "a NaN"],
)
def test_what_cannot_be_asked_is_nan(metrics):
    assert jnp.isnan(kmo(metrics).overall)
    found = bartlett_sphericity(metrics)
    assert jnp.isnan(found.chi2) and jnp.isnan(found.p)


def test_adequacy_and_sphericity_are_those_of_a_library():
    """factor_analyzer 0.5.1: calculate_kmo, calculate_bartlett_sphericity."""
    found = kmo(some_samples())
    assert found.overall.item() == pytest.approx(0.5889081, rel=1e-4)
    assert found.each.tolist() == near(
        0.7060531, 0.6066637, 0.5904908, 0.4567768, 0.4455062
    )
    found = bartlett_sphericity(some_samples())
    assert found.chi2.item() == pytest.approx(9.9350365, rel=1e-4)
    assert found.p.item() == pytest.approx(0.4462112, rel=1e-4)


def test_principal_axes_share_out_the_variance():
    """Of R = 1/2 off the diagonal the eigenvalues are 2, 1/2, 1/2, of 3 in all."""
    assert explained_variance(ALIKE).tolist() == near(2 / 3, 1 / 6, 1 / 6)
    assert explained_variance(SUM).tolist() == pytest.approx(
        [2 / 3, 1 / 3, 0], abs=1e-6
    )
    assert jnp.all(jnp.isnan(explained_variance(jnp.ones((4, 2)))))


def test_principal_axes_are_those_of_a_library():
    """scikit-learn 1.9.1: PCA on standardised samples, explained_variance_ratio_."""
    assert explained_variance(some_samples()).tolist() == near(
        0.3507908, 0.2511535, 0.1547084, 0.1402287, 0.1031186
    )


def test_a_large_mean_hides_no_variance():
    """Even one that rounding misses: the sum of the second column is no float32."""
    assert standardise((A + 1e5)[:, None])[:, 0].tolist() == A.tolist()
    far = jnp.arange(4e6, 4e6 + 7)[:, None]
    assert centre(far)[:, 0].tolist() == [-3, -2, -1, 0, 1, 2, 3]


def test_rounding_is_no_variance():
    """Two neighbours among the floats, and 0.1, whose mean is not quite 0.1."""
    one = jnp.float32(1.0)
    rounded = columns(
        A, jnp.where(A > 0, one, jnp.nextafter(one, 2 * one)), 0 * A + 0.1
    )
    assert varies(rounded).tolist() == [True, False, False]
    assert jnp.all(centre(rounded)[:, 1:] == 0)
