"""Search against its theory: expectations and variances that a formula gives exactly.

Seeds are fixed. A tolerance is a number of standard errors of the estimate itself, so
that a test can only fail where the code and the formula differ.
"""

import math

import hypothesis
import hypothesis.strategies as some
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from koki2.search import (
    archive as archives,
    ArchiveConfig,
    centred_ranks,
    EmitterConfig,
    openai_es,
    SearchConfig,
)
from koki2.search.emitters import Elites, iso_line

SLOPE = np.array([3.0, -1.0, 0.0, 2.0, 0.0, 1.0], np.float32)
SIGMA, RUNS = 0.5, 4000
RANKED = jax.jit(centred_ranks)


def gradients(pop_size: int) -> np.ndarray:
    """The steps of OpenAI-ES on a plane at a rate of 1, one per seed: [RUNS, D]."""
    strategy = openai_es(SearchConfig(pop_size=pop_size, sigma=SIGMA, lr=1.0))
    centre = jnp.full(len(SLOPE), 0.25)

    def step(key):
        population, state = strategy.ask(key, strategy.init(key, centre))
        fitness = population @ SLOPE
        return strategy.tell(state, population, fitness).mean - centre

    with jax.debug_key_reuse(False):  # `init` draws nothing
        return np.asarray(
            jax.jit(jax.vmap(step))(jax.random.split(jax.random.key(0), RUNS))
        )


def test_the_es_gradient_estimate_is_unbiased():
    """On a plane it estimates the gradient of the smoothed rank, whatever P is.

    The expected rank of x among N(m, sigma^2 I) is Phi(a . (x - m) / (sigma |a|)) less
    1/2. Smoothed by N(m', sigma^2 I), its gradient at m' = m is

        a / (sigma |a|) E phi(z) = a / (sigma |a|) / (2 sqrt(pi)),  z ~ N(0, 1)

    and so is E of 1 / (P sigma) sum_i rank_i eps_i: rank_i counts the P - 1 others
    below i, and E[1(z_j < z_i) z_i] = E[Phi(z) z] = E phi(z).
    """
    estimates = gradients(pop_size=64)
    exact = SLOPE / np.linalg.norm(SLOPE) / SIGMA / (2 * math.sqrt(math.pi))
    error = np.abs(estimates.mean(axis=0) - exact)
    standard_error = estimates.std(axis=0, ddof=1) / math.sqrt(RUNS)
    assert np.all(error < 4 * standard_error)
    # which would notice P - 1 in place of P, 1.6 % of the gradient
    assert np.max(standard_error) < 0.004 * np.linalg.norm(exact)


def test_the_variance_of_the_es_gradient_falls_as_one_over_the_population():
    """Across the slope noise and ranks are independent, so that it is exactly

        E rank^2 / (P sigma^2) = (P + 1) / (12 (P - 1)) / (P sigma^2)

    the ranks being even from -1/2 to 1/2. Of n = 2 * RUNS numbers close to normal a
    sample variance has a relative standard error of sqrt(2 / n) = 1.6 %.
    """
    across = SLOPE == 0.0
    variance = {p: np.var(gradients(p)[:, across]) for p in (32, 128)}
    relative_error = math.sqrt(2 / (across.sum() * RUNS))
    for p, sample in variance.items():
        exact = (p + 1) / (12 * (p - 1)) / (p * SIGMA**2)
        assert sample == pytest.approx(exact, rel=4 * relative_error)
    ratio = variance[32] / variance[128]  # exactly 4 * (33 / 31) / (129 / 127) = 4.19
    assert ratio == pytest.approx(4.19, rel=4 * math.sqrt(2) * relative_error)


def test_the_covariance_of_iso_line_children_is_its_formula():
    """Of a parent and another elite at distance d: iso^2 I + line^2 d d^T.

    An entry of a sample covariance C of n normal vectors has the standard error
    sqrt((C_ii C_jj + C_ij^2) / n); the tolerance is five.
    """
    config = EmitterConfig(
        emitter="iso_line", batch_size=2**16, iso_sigma=0.25, line_sigma=0.5
    )
    elites = jnp.array([[1.0, 2.0, 3.0], [2.0, 0.0, 1.0]])
    d = np.array([1.0, -2.0, -2.0])
    archive = archives.empty(archives.cells(ArchiveConfig(shape=(2, 1))), 3)
    archive = archive.replace(filled=jnp.ones(2, bool))
    known = Elites(archive, lambda cells: elites[cells])
    ask = jax.jit(lambda key: iso_line(config).ask(key, (), known)[:2])
    children, pairs = map(np.asarray, ask(jax.random.key(0)))
    steps = children - np.asarray(elites)[pairs[:, 0]]
    isotropic = 0.25**2 * np.eye(3)
    for pair, exact in {
        (0, 0): isotropic,
        (0, 1): isotropic + 0.5**2 * np.outer(d, d),
        (1, 0): isotropic + 0.5**2 * np.outer(d, d),
    }.items():
        sample = steps[np.all(pairs == pair, axis=1)]
        count = len(sample)
        assert abs(count - 2**14) < 5 * math.sqrt(2**16 * 3 / 16)  # a quarter of all
        diagonal = np.diag(exact)
        error = np.abs(np.mean(sample, axis=0))
        assert np.all(error < 5 * np.sqrt(diagonal / count))
        standard_error = np.sqrt((np.outer(diagonal, diagonal) + exact**2) / count)
        assert np.all(np.abs(np.cov(sample.T) - exact) < 5 * standard_error)


@hypothesis.settings(max_examples=100, deadline=None, derandomize=True, database=None)
@hypothesis.given(
    levels=some.lists(some.integers(0, 15), min_size=24, max_size=24),
    rises=some.lists(some.integers(1, 10**6), min_size=16, max_size=16),
)
def test_rank_shaping_is_invariant_under_strictly_monotone_maps(levels, rises):
    """Bit for bit, ties included; a falling map changes the sign of every rank.

    The map sends level n to the sum of the first n rises: below 2^24, so exactly.
    """
    fitness = np.array(levels)
    ranked = lambda values: np.asarray(RANKED(values.astype(np.float32)))
    ranks, image = ranked(fitness), np.cumsum(rises)[fitness]
    np.testing.assert_array_equal(ranked(image), ranks)
    np.testing.assert_array_equal(ranked(-image), -ranks)
