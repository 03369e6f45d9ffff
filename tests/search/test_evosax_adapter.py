"""What the adapter adds to evosax: sign, NaN, a start. And that it adds no more."""

import evosax.algorithms
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from koki2.search import make, SearchConfig
from koki2.search.evosax_adapter import costs

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    "fitness, cost",
    [
        ([1.0, 2.0, -3.0], [-1.0, -2.0, 3.0]),
        ([4.0, NAN, 0.0], [-4.0, 4.0, 0.0]),  # as far below 0 as 4 is above
        ([4.0, -INF, 0.0], [-4.0, 4.0, 0.0]),
        ([INF, 4.0, 0.0], [-4.0, -4.0, 0.0]),
        ([8.0, 8.0, NAN], [-8.0, -8.0, -8.0 + 8e-6]),  # worse still where all tie
    ],
)
def test_costs_by_hand(fitness, cost):
    got, any_valid = costs(jnp.array(fitness), False)
    np.testing.assert_allclose(got, cost, rtol=1e-6)
    assert any_valid


@pytest.mark.parametrize("scale", [1e-20, 1.0, 1e20])
def test_a_failed_genome_always_costs_more_than_the_worst(scale):
    got, _ = costs(scale * jnp.array([1.0, 1.0 + 2.0**-23, NAN]), False)
    assert got[2] > max(got[0], got[1]) and np.all(np.isfinite(got))


def test_costs_of_a_generation_that_failed_are_finite_and_worthless():
    got, any_valid = costs(jnp.full(3, NAN), False)
    assert np.all(np.isfinite(got)) and not any_valid


@pytest.mark.slow
def test_cma_es_is_evosax_cma_es(key):
    """Same keys, same numbers, with cost = -fitness: nothing is added."""
    centre = jnp.array([1.0, -1.0, 0.5])
    ours = make(SearchConfig(strategy="cma_es", pop_size=8, sigma=0.3), 3)
    theirs = evosax.algorithms.CMA_ES(population_size=8, solution=centre)
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        params = theirs.default_params.replace(std_init=jnp.float32(0.3))
        their_state = theirs.init(jax.random.key(1), centre, params)
    our_state = ours.init(jax.random.key(1), centre)
    for generation in range(3):
        key_ask = jax.random.fold_in(key, generation)
        population, our_state = ours.ask(key_ask, our_state)
        with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
            key_theirs = jax.random.split(jax.random.clone(key_ask), 3)[0]
            expected, their_state = theirs.ask(key_theirs, their_state, params)
            np.testing.assert_array_equal(population, expected)
            fitness = -jnp.sum(population**2, axis=1)
            their_state, _ = theirs.tell(
                jax.random.key(2), expected, -fitness, their_state, params
            )
        our_state = ours.tell(our_state, population, fitness)
        np.testing.assert_array_equal(ours.mean(our_state), their_state.mean)


def test_a_failed_child_never_replaces_and_a_failed_parent_never_stays(key):
    strategy = make(SearchConfig(strategy="differential_evolution", pop_size=4), 2)
    key_init, *keys = jax.random.split(key, 3)
    state = strategy.init(key_init, jnp.zeros(2))
    parents, state = strategy.ask(keys[0], state)
    state = strategy.tell(state, parents, jnp.array([NAN, 1.0, 2.0, -50.0]))
    children, state = strategy.ask(keys[1], state)
    # Child 0 is the worst so far but valid; child 3 failed, its parent did not.
    state = strategy.tell(state, children, jnp.array([-900.0, 0.0, 3.0, NAN]))
    np.testing.assert_array_equal(state.inner.fitness, [900.0, -1.0, -3.0, 50.0])
    kept = np.stack([children[0], parents[1], children[2], parents[3]])
    np.testing.assert_array_equal(state.inner.population, kept)
    np.testing.assert_array_equal(strategy.mean(state), children[2])


def test_the_first_generation_of_a_population_is_evaluated_not_assumed(key):
    strategy = make(SearchConfig(strategy="simple_ga", pop_size=6, sigma=0.5), 2)
    key_init, key_ask = jax.random.split(key)
    state = strategy.init(key_init, jnp.array([3.0, 4.0]))
    population, state = strategy.ask(key_ask, state)
    state = strategy.tell(state, population, jnp.arange(6.0))
    np.testing.assert_array_equal(state.inner.population, population)
    np.testing.assert_array_equal(strategy.mean(state), population[5])


def test_tell_draws_from_a_seed_that_ask_drew(key):
    """Annealing accepts a worse mean at random; the random number is of ask's key."""
    strategy = make(SearchConfig(strategy="simulated_annealing", pop_size=4), 2)
    first = strategy.init(key, jnp.zeros(2))
    _, state = strategy.ask(jax.random.key(1), first)
    _, again = strategy.ask(jax.random.key(1), first)
    _, other = strategy.ask(jax.random.key(2), first)
    assert state.tell_seed == again.tell_seed != other.tell_seed


def test_a_centre_of_the_wrong_size_says_so(key):
    strategy = make(SearchConfig(strategy="snes", pop_size=4), 3)
    with pytest.raises(ValueError, match=r"of shape \(3,\), got \(2,\)"):
        strategy.init(key, jnp.zeros(2))
