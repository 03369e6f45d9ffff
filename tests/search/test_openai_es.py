"""OpenAI-ES: one update by hand, a hill we can see, and what must not move it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from koki2.search import openai_es, SearchConfig


def test_one_update_by_hand(key):
    """Noise (1, 0), (0, 1), (-1, -1) has ranks 1/2, 0, -1/2: ascent is (1, 1/2)."""
    strategy = openai_es(SearchConfig(pop_size=3, sigma=0.5, lr=0.3))
    state = strategy.init(key, jnp.array([2.0, 4.0]))
    noise = jnp.array([[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]])
    population = jnp.array([[2.0, 4.0]]) + 0.5 * noise
    state = strategy.tell(state, population, jnp.array([9.0, 8.0, 7.0]))
    # lr / (P sigma) = 0.3 / (3 * 0.5) = 0.2
    np.testing.assert_allclose(strategy.mean(state), [2.2, 4.1], rtol=1e-6)


def test_population_is_the_mean_plus_sigma_noise_of_the_key(key):
    strategy = openai_es(SearchConfig(pop_size=5, sigma=0.25))
    state = strategy.init(jax.random.key(1), jnp.arange(3.0))
    population, _ = strategy.ask(key, state)
    noise = jax.random.normal(jax.random.clone(key), (5, 3))
    np.testing.assert_allclose(population, np.arange(3.0) + 0.25 * np.asarray(noise))


@pytest.mark.parametrize("value", [0.0, -1e9, float("nan"), float("-inf")])
def test_equal_fitness_moves_nothing_at_all(key, value):
    strategy = openai_es(SearchConfig(pop_size=7))
    key_init, key_ask = jax.random.split(key)
    state = strategy.init(key_init, jnp.array([0.1, -0.7, 3.3]))
    population, state = strategy.ask(key_ask, state)
    after = strategy.tell(state, population, jnp.full(7, value, jnp.float32))
    np.testing.assert_array_equal(after.mean, state.mean)


def test_only_the_order_of_fitness_counts(key):
    strategy = openai_es(SearchConfig(pop_size=64))
    key_init, key_ask, key_fitness = jax.random.split(key, 3)
    population, state = strategy.ask(key_ask, strategy.init(key_init, jnp.ones(5)))
    fitness = jax.random.normal(key_fitness, (64,))
    np.testing.assert_array_equal(
        strategy.tell(state, population, fitness).mean,
        strategy.tell(state, population, jnp.exp(5.0 * fitness)).mean,
    )


def test_rows_may_come_in_any_order(key):
    strategy = openai_es(SearchConfig(pop_size=64))
    key_init, key_ask, key_fitness = jax.random.split(key, 3)
    population, state = strategy.ask(key_ask, strategy.init(key_init, jnp.ones(5)))
    fitness = jax.random.normal(key_fitness, (64,))
    order = np.random.default_rng(0).permutation(64)
    np.testing.assert_allclose(
        strategy.tell(state, population, fitness).mean,
        strategy.tell(state, population[order], fitness[order]).mean,
        rtol=1e-5,
    )


def test_climbs_to_a_known_summit(key):
    summit = jnp.array([0.5, -1.0, 2.0])
    strategy = openai_es(SearchConfig(pop_size=128, sigma=0.1, lr=0.1))

    def generation(state, key):
        population, state = strategy.ask(key, state)
        fitness = -jnp.sum((population - summit[None]) ** 2, axis=1)
        return strategy.tell(state, population, fitness), None

    key_init, key_run = jax.random.split(key)
    state = strategy.init(key_init, jnp.zeros(3))
    state, _ = jax.lax.scan(generation, state, jax.random.split(key_run, 200))
    np.testing.assert_allclose(strategy.mean(state), summit, atol=0.1)


def test_several_seeds_in_one_vmap(key):
    strategy = openai_es(SearchConfig(pop_size=8))

    def generation(key, centre):
        key_init, key_ask = jax.random.split(key)
        population, state = strategy.ask(key_ask, strategy.init(key_init, centre))
        return strategy.mean(strategy.tell(state, population, population[:, 0]))

    keys, centres = jax.random.split(key, 3), jnp.arange(6.0).reshape(3, 2)
    together = jax.vmap(generation)(keys, centres)
    alone = [generation(*seed) for seed in zip(keys, centres, strict=True)]
    np.testing.assert_allclose(together, np.stack(alone), rtol=1e-6)
