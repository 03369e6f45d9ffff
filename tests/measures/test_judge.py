"""The verdict on descriptors: good ones pass, each kind of bad one fails its own."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from koki2.measures import DescriptorConfig, judge, KernelConfig

FIGURES = ("kmo", "sphericity", "reconstruction", "trustworthiness", "continuity")
UNOPTIMISED = {"xla_backend_optimization_level": 0}  # compiles faster
judged = jax.jit(judge, static_argnames="config", compiler_options=UNOPTIMISED)


@functools.cache
def behaviours():
    """80 behaviours: where each went (2), and six noisy metrics of it."""
    key_where, key_noise = jax.random.split(jax.random.key(0))
    where = jax.random.uniform(key_where, (80, 2))
    mixed = where @ jnp.array([[1.0, 2, 3, 0, 1, -1], [0.0, 1, -1, 5, 2, 1]])
    return mixed + 0.3 * jax.random.normal(key_noise, (80, 6)), where


def held(found):
    return [figure for figure in FIGURES if getattr(found.verdict, figure)]


def test_descriptors_that_tell_the_metrics_pass():
    found = judged(*behaviours())
    assert held(found) == list(FIGURES)
    assert found.verdict.passed
    assert found.finite and found.enough_samples and found.enough_neighbours


def test_descriptors_of_something_else_fail_where_they_are_asked(key):
    """However well a narrow kernel learns them by heart; the metrics are as good."""
    metrics, _ = behaviours()
    config = DescriptorConfig(kernel=KernelConfig(gamma=50.0), ridge=0.01)
    found = judged(metrics, jax.random.normal(key, (80, 2)), config=config)
    assert held(found) == ["kmo", "sphericity"]
    assert not found.verdict.passed
    assert (
        found.from_descriptors.in_sample
        < config.error_max
        < 1
        < found.from_descriptors.left_out
    )


def test_metrics_with_nothing_in_common_fail_where_they_are_asked():
    """Five factors at two levels, and themselves for descriptors."""
    levels = jnp.array(np.indices((2,) * 5).reshape(5, 32).T, jnp.float32)
    found = judged(levels, levels)
    assert jnp.isnan(found.kmo) and found.p > 0.99
    assert held(found) == ["reconstruction", "trustworthiness", "continuity"]


def test_a_pass_by_little_is_doubtful():
    metrics, where = behaviours()
    sure = judged(metrics, where)
    strict = DescriptorConfig(preserved_min=0.7, preserved_warn=1.0)
    doubted = judged(metrics, where, config=strict)
    assert not sure.verdict.trustworthiness_doubtful
    assert doubted.verdict.trustworthiness_doubtful
    assert doubted.verdict.continuity_doubtful and doubted.verdict.passed


@pytest.mark.slow
def test_units_of_metrics_and_constant_ones_count_nowhere():
    metrics, where = behaviours()
    units = jnp.array([1e-9, 1.0, 1e3, -1.0, 1e6, 7.0])
    more = jnp.insert(metrics * units[None] + 3 * units[None], 6, 0.1, axis=1)
    plain, other = judged(metrics, where), judged(more, where)
    assert other.used.tolist() == [True] * 6 + [False]
    for figure in ("kmo", "chi2", "df", "pca_error", "kernel_pca_error"):
        assert other[figure].item() == pytest.approx(plain[figure].item(), rel=1e-3)
    assert other.from_descriptors.left_out.item() == pytest.approx(
        plain.from_descriptors.left_out.item(), rel=1e-3
    )
    assert other.continuity.item() == pytest.approx(plain.continuity.item(), abs=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("kernel", ["rbf", "poly", "linear", "cosine"])
def test_compiled_and_not_they_agree(kernel):
    """To a few roundings of float32; the verdicts exactly."""
    config = DescriptorConfig(kernel=KernelConfig(kernel=kernel))
    metrics, where = behaviours()
    eager, compiled = (f(metrics, where, config=config) for f in (judge, judged))
    assert held(eager) == held(compiled)
    for one, other in zip(
        jax.tree.leaves(eager), jax.tree.leaves(compiled), strict=True
    ):
        assert one.shape == other.shape and one.dtype == other.dtype
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_many_spaces_are_judged_at_once():
    metrics, where = behaviours()
    both = jax.vmap(judge)(jnp.stack([metrics, -metrics]), jnp.stack([where, where]))
    assert both.verdict.passed.tolist() == [True, True]
    assert both.kmo.tolist() == pytest.approx([judged(metrics, where).kmo.item()] * 2)


def test_a_nan_anywhere_passes_nothing_it_touches():
    metrics, where = behaviours()
    found = judged(metrics.at[3, 1].set(jnp.nan), where)
    assert not found.finite and found.used.all()
    assert held(found) == [] and not found.verdict.passed
    found = judged(metrics, where.at[3, 1].set(jnp.nan))
    assert not found.finite
    assert held(found) == ["kmo", "sphericity"] and not found.verdict.passed


def test_too_few_samples_are_said():
    metrics, where = behaviours()
    found = judged(metrics[:6], where[:6])
    assert not found.enough_samples and not found.enough_neighbours
    assert found.finite and held(found) in ([], ["reconstruction"])
    for figure in ("kmo", "chi2", "p", "trustworthiness", "continuity"):
        assert jnp.isnan(found[figure])
    one = judged(metrics[:1], where[:1])
    assert held(one) == [] and jnp.isnan(one.from_descriptors.left_out)


def test_no_sample_is_refused():
    with pytest.raises(ValueError, match="at least one, got 0 and 0"):
        judge(jnp.zeros((0, 3)), jnp.zeros((0, 2)))


def test_what_no_space_could_meet_is_refused():
    with pytest.raises(ValueError, match="0.6 < 0.7"):
        DescriptorConfig(preserved_warn=0.6)
    with pytest.raises(
        ValueError, match="kmo_min must be a finite number >= 0 and <= 1"
    ):
        DescriptorConfig(kmo_min=1.5)
