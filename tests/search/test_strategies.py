"""What every strategy promises. A new one is tested by entering the catalogue.

Ours and one of evosax's for each way to start are tested every time, all of them by
`make test-slow`. The hill is a sphere with its summit at 0.7 in each of 16 numbers;
search starts at 0. Each strategy is compiled once and shared by the tests. Optimising
the machine code would take longer than running it unoptimised does.
"""

import functools
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from koki2.search import make, names, SearchConfig, Strategy

POP_SIZE = NUM_DIMS = 16
SIGMA = 0.1
UNOPTIMISED = {"xla_backend_optimization_level": 0}
NONE = np.zeros(POP_SIZE, bool)
ALL = np.ones(POP_SIZE, bool)


def height(genomes):
    return -jnp.sum((genomes - 0.7) ** 2, axis=-1)


def key_of(step, seed=0):
    return jax.random.fold_in(jax.random.key(seed + 1), step)


class Search(NamedTuple):
    strategy: Strategy
    init: Callable
    generation: Callable
    compiled: Callable
    traces: list

    def run(self, generations, seed=0, failing=NONE):
        """Means before and after each generation, and the last state."""
        state = self.init(jax.random.key(seed), jnp.zeros(NUM_DIMS))
        means = [self.strategy.mean(state)]
        for step in range(generations):
            _, state, mean = self.compiled(key_of(step, seed), state, failing)
            means.append(mean)
        return np.stack(means), state


@functools.cache
def search(name):
    config = SearchConfig(strategy=name, pop_size=POP_SIZE, sigma=SIGMA, lr=0.05)
    strategy, traces = make(config, NUM_DIMS), []

    def generation(key, state, failing):
        population, state = strategy.ask(key, state)
        fitness = jnp.where(failing, jnp.nan, height(population))
        state = strategy.tell(state, population, fitness)
        return population, state, strategy.mean(state)

    def counted(*args):
        traces.append(name)
        return generation(*args)

    compiled = jax.jit(counted, compiler_options=UNOPTIMISED)
    init = jax.jit(strategy.init, compiler_options=UNOPTIMISED)
    return Search(strategy, init, generation, compiled, traces)


EVERY_TIME = ("openai_es", "mu_plus_lambda", "snes", "sv_open_es", "simple_ga")
CASES = [
    pytest.param(name, marks=[] if name in EVERY_TIME else pytest.mark.slow)
    for name in names()
]


def test_every_way_to_start_a_strategy_is_tested_every_time():
    from koki2.search.evosax_recipes import RECIPES  # imports evosax, which is slow

    starts = [RECIPES[name].start for name in EVERY_TIME if name in RECIPES]
    assert sorted(starts) == sorted({recipe.start for recipe in RECIPES.values()})


@pytest.fixture(params=CASES, scope="module")
def case(request):
    return search(request.param)


def leaves(tree):
    paths, _ = jax.tree.flatten_with_path(tree)
    return {jax.tree_util.keystr(path): leaf for path, leaf in paths}


def types(tree):
    kind = lambda leaf: (leaf.shape, leaf.dtype, leaf.weak_type)
    return {path: kind(leaf) for path, leaf in leaves(tree).items()}


def assert_no_nan(tree):
    for path, leaf in leaves(tree).items():
        assert not np.any(np.isnan(leaf)), f"NaN in {path}"


def test_the_first_generation_lies_around_the_centre(case):
    centre = jnp.full(NUM_DIMS, 5.0)
    state = case.init(jax.random.key(0), centre)
    np.testing.assert_array_equal(case.strategy.mean(state), centre)
    population, _, _ = case.compiled(jax.random.key(1), state, NONE)
    assert population.shape == (case.strategy.pop_size, NUM_DIMS)
    noise = np.asarray(population) - 5.0
    if case.strategy.name == "gradientless_descent":
        noise = noise[:1]  # its radii halve every fifth genome; the first is boldest
    np.testing.assert_allclose(np.sqrt(np.mean(noise**2)), SIGMA, rtol=0.4)


def test_the_state_is_arrays_whose_types_never_change(case):
    state = case.init(jax.random.key(0), jnp.zeros(NUM_DIMS))
    asked = jax.eval_shape(case.strategy.ask, jax.random.key(0), state)
    after = jax.eval_shape(case.generation, jax.random.key(0), state, NONE)
    before = types(jax.eval_shape(lambda: state))
    assert before == types(asked[1]) == types(after[1])
    assert not any(weak for _, _, weak in before.values())
    assert not any(
        jnp.issubdtype(d, jax.dtypes.prng_key) for _, d, _ in before.values()
    )


def test_generations_can_be_scanned(case):
    def generation(state, key):
        return case.generation(key, state, NONE)[1:]

    state = case.init(jax.random.key(0), jnp.zeros(NUM_DIMS))
    keys = jax.random.split(jax.random.key(1), 3)
    _, means = jax.eval_shape(functools.partial(jax.lax.scan, generation), state, keys)
    assert means.shape == (3, NUM_DIMS)


def test_same_key_same_bits_in_one_compile(case):
    first, second = case.run(3), case.run(3)
    jax.tree.map(np.testing.assert_array_equal, first, second)
    assert len(case.traces) == 1, "a state of another type was compiled again"


def test_another_key_another_search(case):
    assert not np.array_equal(case.run(2)[0], case.run(2, seed=8)[0])


def test_climbs(case):
    means, state = case.run(20)
    assert_no_nan(state)
    gained = 1 - height(means[-1]) / height(means[0])
    assert gained > 0.1, f"climbed {gained:.0%} of the way in 20 generations"


def test_a_genome_that_failed_never_wins(case):
    """Genomes above -7.6 (the centre is at -7.84) fail, and are never kept."""
    state = case.init(jax.random.key(0), jnp.zeros(NUM_DIMS))
    failures = 0
    for step in range(5):
        population, _, _ = case.compiled(key_of(step), state, NONE)
        failing = np.asarray(height(population)) > -7.6
        again, state, mean = case.compiled(key_of(step), state, failing)
        np.testing.assert_array_equal(population, again)
        assert_no_nan((state, population, mean))
        failed = np.asarray(population)[failing]
        assert not np.any(np.all(failed == np.asarray(mean), axis=1))
        failures += len(failed)
    assert failures > 5


def test_a_generation_that_failed_moves_nothing(case):
    """Neither the very first, nor one after three good ones; nor does it do harm."""
    failed, state = case.run(1, failing=ALL)
    np.testing.assert_array_equal(failed[1], failed[0])
    for step in range(6):
        failing = ALL if step == 3 else NONE
        before = case.strategy.mean(state)
        _, state, mean = case.compiled(key_of(1 + step), state, failing)
        assert np.array_equal(mean, before) or step != 3
        assert_no_nan(state)
    assert height(mean) > height(failed[0])


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_jit_agrees_with_eager(name):
    """One generation from the same state, compiled and step by step."""
    case = search(name)
    _, state = case.run(2)
    compiled = case.compiled(key_of(9), state, NONE)
    with jax.disable_jit():
        eager = case.generation(key_of(9), state, NONE)
    close = functools.partial(np.testing.assert_allclose, rtol=1e-3, atol=1e-4)
    jax.tree.map(close, compiled, eager)
