"""(mu + lambda), by hand."""

import jax
import jax.numpy as jnp

from koki2.search import mu_plus_lambda, SearchConfig


def start(mu: int, pop_size: int = 4):
    config = SearchConfig(strategy="mu_plus_lambda", pop_size=pop_size, sigma=0.5)
    strategy = mu_plus_lambda(config, num_dims=1, mu=mu)
    return strategy, strategy.init(jax.random.key(0), jnp.array([7.0]))


def test_the_fittest_of_parents_and_children_are_kept_best_first():
    strategy, state = start(mu=3)
    first = jnp.array([[1.0], [2.0], [3.0], [4.0]])
    state = strategy.tell(state, first, jnp.array([10.0, 30.0, 20.0, 5.0]))
    assert state.parent[:, 0].tolist() == [2.0, 3.0, 1.0]
    second = jnp.array([[5.0], [6.0], [8.0], [9.0]])
    state = strategy.tell(state, second, jnp.array([25.0, 1.0, 40.0, jnp.nan]))
    assert state.parent[:, 0].tolist() == [8.0, 2.0, 5.0]
    assert state.fitness.tolist() == [40.0, 30.0, 25.0]
    assert strategy.mean(state).tolist() == [8.0]


def test_of_equals_the_older_stays_and_then_the_first():
    strategy, state = start(mu=2)
    children = jnp.array([[1.0], [2.0], [3.0], [4.0]])
    state = strategy.tell(state, children, jnp.full(4, 6.0))
    assert state.parent[:, 0].tolist() == [1.0, 2.0]
    state = strategy.tell(state, children + 10, jnp.full(4, 6.0))
    assert state.parent[:, 0].tolist() == [1.0, 2.0]


def test_a_generation_of_failures_leaves_the_centre():
    strategy, state = start(mu=2)
    failed = strategy.tell(state, jnp.ones((4, 1)), jnp.full(4, jnp.nan))
    assert failed.parent[:, 0].tolist() == [7.0, 7.0]


def test_children_vary_around_parents_by_sigma():
    strategy, state = start(mu=2, pop_size=4096)
    fitness = jnp.where(jnp.arange(4096) < 2, 1.0, 0.0)
    state = strategy.tell(state, jnp.full((4096, 1), -20.0), fitness)
    children, _ = strategy.ask(jax.random.key(3), state)
    assert abs(float(jnp.mean(children)) + 20.0) < 0.03  # 4 standard errors
    assert abs(float(jnp.std(children)) - 0.5) < 0.03
