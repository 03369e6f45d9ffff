"""What every strategy promises. A new one is tested by entering the catalogue.

Ours and one of evosax's for each way to start are tested every time, all of them by
`make test-slow`. Each strategy is compiled once and shared by the tests.
"""

import functools

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from lanes_of_tests import mostly_slow

from koki2.contracts.strategy import CHECKS, height, NUM_DIMS, trial
from koki2.search import make, names, SearchConfig, Strategy

POP_SIZE = 16
SIGMA = 0.1
NONE = np.zeros(POP_SIZE, bool)
EVERY_TIME = ("openai_es", "mu_plus_lambda", "snes", "sv_open_es", "simple_ga")


@functools.cache
def search(name):
    config = SearchConfig(strategy=name, pop_size=POP_SIZE, sigma=SIGMA, lr=0.05)
    return make(config, NUM_DIMS)


def key_of(step):
    return jax.random.fold_in(jax.random.key(1), step)


@pytest.fixture(params=mostly_slow(names(), *EVERY_TIME), scope="module")
def strategy(request):
    return search(request.param)


def assert_no_nan(tree):
    for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
        assert not np.any(np.isnan(leaf)), f"NaN in {jax.tree_util.keystr(path)}"


def test_every_way_to_start_a_strategy_is_tested_every_time():
    from koki2.search.evosax_recipes import RECIPES  # imports evosax, which is slow

    starts = [RECIPES[name].start for name in EVERY_TIME if name in RECIPES]
    assert sorted(starts) == sorted({recipe.start for recipe in RECIPES.values()})


@pytest.mark.parametrize(
    "check", mostly_slow(CHECKS, *[c for c in CHECKS if c != "jit"])
)
def test_every_strategy_keeps_the_contract(strategy, check):
    CHECKS[check](strategy)


def test_the_first_generation_lies_around_the_centre(strategy):
    at_work = trial(strategy)
    state = at_work.init(jax.random.key(0), jnp.full(NUM_DIMS, 5.0))
    population, _, _ = at_work.generation(jax.random.key(1), state, NONE)
    noise = np.asarray(population) - 5.0
    if strategy.name == "gradientless_descent":
        noise = noise[:1]  # its radii halve every fifth genome; the first is boldest
    np.testing.assert_allclose(np.sqrt(np.mean(noise**2)), SIGMA, rtol=0.4)


def test_climbs(strategy):
    at_work = trial(strategy)
    state = at_work.init(jax.random.key(0), jnp.zeros(NUM_DIMS))
    first = strategy.mean(state)
    for step in range(20):
        _, state, mean = at_work.generation(key_of(step), state, NONE)
    assert_no_nan(state)
    gained = 1 - height(mean) / height(first)
    assert gained > 0.1, f"climbed {gained:.0%} of the way in 20 generations"


def test_climbs_though_every_fifth_genome_fails(strategy):
    """On average over three searches, for some select hardly any more (iamalgam)."""
    at_work, gained = trial(strategy), []
    for seed in range(3):
        state = at_work.init(jax.random.key(seed), jnp.zeros(NUM_DIMS))
        first, drawn = strategy.mean(state), np.random.default_rng(seed)
        for step in range(20):
            failing = jnp.asarray(drawn.random(POP_SIZE) < 0.2)
            _, state, mean = at_work.generation(key_of(step), state, failing)
        assert_no_nan(state)
        gained.append(1 - height(mean) / height(first))
    assert np.mean(gained) > 0.1, f"climbed {np.mean(gained):.0%} of the way"


def test_a_genome_that_failed_never_wins(strategy):
    """Genomes above -7.6 (the centre is at -7.84) fail, and are never kept."""
    at_work, failures = trial(strategy), 0
    state = at_work.init(jax.random.key(0), jnp.zeros(NUM_DIMS))
    for step in range(5):
        population, _, _ = at_work.generation(key_of(step), state, NONE)
        failing = np.asarray(height(population)) > -7.6
        again, state, mean = at_work.generation(key_of(step), state, failing)
        np.testing.assert_array_equal(population, again)
        assert_no_nan((state, population, mean))
        failed = np.asarray(population)[failing]
        assert not np.any(np.all(failed == np.asarray(mean), axis=1))
        failures += len(failed)
    assert failures > 5


@chex.dataclass(frozen=True, kw_only=True)
class Best:
    genome: jax.Array
    fitness: jax.Array


def keep_best(
    *, size=POP_SIZE, offset=0.0, minds=True, dtype=jnp.float32, seed=None
) -> Strategy:
    """A stranger's strategy, or a broken one: the best so far, and its neighbours."""

    def ask(given, state):
        key = given if seed is None else jax.random.key(seed)
        noise = jax.random.normal(key, (size, NUM_DIMS))
        return state.genome[None] + 0.1 * noise, state

    def tell(state, population, fitness):
        if minds:
            fitness = jnp.where(jnp.isnan(fitness), -jnp.inf, fitness)
        top = jnp.argmax(fitness)
        better = (fitness[top] > state.fitness) | jnp.isnan(fitness[top])
        return Best(
            genome=jnp.where(better, population[top], state.genome),
            fitness=jnp.where(better, fitness[top], state.fitness).astype(dtype),
        )

    return Strategy(
        name="keep_best",
        pop_size=POP_SIZE,
        init=lambda key, centre: Best(
            genome=centre + offset, fitness=jnp.float32(-jnp.inf)
        ),
        ask=ask,
        tell=tell,
        mean=lambda state: state.genome,
    )


BROKEN = {
    "form": (keep_best()._replace(pop_size=0), "pop_size must be an integer >= 1"),
    "centre": (keep_best(offset=1.0), "must be the centre given to init"),
    "population": (keep_best(size=8), r"of ask must be float32 \[16, 16\]"),
    "types": (keep_best(dtype=jnp.float16), r"state\.fitness must keep one type"),
    "replay": (keep_best(seed=0), "another key must give another"),
    "failures": (keep_best(minds=False), "mean must not move where all genomes fail"),
}


@pytest.mark.parametrize("check", CHECKS)
def test_a_strategy_from_outside_passes_and_a_broken_one_gets_what_it_breaks(check):
    CHECKS[check](keep_best())
    if check in BROKEN:
        broken, sentence = BROKEN[check]
        with pytest.raises(AssertionError, match=sentence):
            CHECKS[check](broken)
