"""The cache of phenotypes: never another answer, only less work."""

import functools

import hypothesis
import hypothesis.strategies as some
import jax
import jax.numpy as jnp
import numpy as np
from bits import assert_same_bits

from koki2.agents import AgentConfig
from koki2.genomes import develop_cached, empty_cache, GenomeConfig, make, wiring

VALUES = jnp.array([[0.0, 1.0], [-0.0, 1.0], [jnp.nan, 1.0], [2.0, 3.0]])
copy = lambda genes: {"w": genes, "b": genes[:1]}
cached = jax.jit(functools.partial(develop_cached, copy))


@hypothesis.settings(max_examples=40, deadline=None, derandomize=True, database=None)
@hypothesis.given(slots=some.integers(1, 3), asked=some.lists(some.integers(0, 3)))
def test_whatever_is_asked_the_answer_is_that_of_develop(slots, asked):
    """0 and -0 among it, and NaN. A plain list of the last `slots` misses says when."""
    cache, kept = empty_cache(copy, VALUES[0], slots), []
    for number in asked:
        before = cache
        params, cache = cached(VALUES[number], cache)
        assert_same_bits(params, copy(VALUES[number]))
        if number in kept:
            assert_same_bits(cache, before)
        else:
            kept = [*kept, number][-slots:]
        assert int(cache.filled.sum()) == len(kept)


def test_what_is_found_is_not_developed_again():
    """Counted by a development that calls back."""
    calls = []

    def develop(genes):
        jax.debug.callback(lambda: calls.append(1), ordered=True)
        return 2 * genes

    cache = empty_cache(develop, VALUES[0], slots=1)
    ask = jax.jit(functools.partial(develop_cached, develop))
    for number, expected in [(3, 1), (3, 1), (0, 2), (3, 3)]:
        _, cache = jax.block_until_ready(ask(VALUES[number], cache))
        jax.effects_barrier()
        assert len(calls) == expected


def test_a_whole_batch_of_elites_is_one_entry(key):
    config, agent = GenomeConfig(encoding="cppn"), AgentConfig(n_neurons=4, k_edges=2)
    genome = make(config, agent, 4, 5, wiring(config, agent, 0))
    luck = jax.random.key(0)
    develop = jax.vmap(lambda genes: genome.develop(luck, genes))
    elites = jax.vmap(genome.init)(jax.random.split(key, 3))
    ask = jax.jit(functools.partial(develop_cached, develop))
    born, cache = ask(elites, empty_cache(develop, elites, slots=1))
    again, cache = ask(elites, cache)
    assert_same_bits(again, born)
    assert_same_bits(born, jax.jit(develop)(elites))
    other, _ = ask(elites.at[2, 0].add(1.0), cache)
    assert not np.array_equal(other.obs_w[2], born.obs_w[2])
