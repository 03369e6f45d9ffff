"""What every genome promises. A new one is tested by entering GENOMES."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from bits import assert_same_bits, types

from koki2 import agents, genomes

SPIKING = agents.AgentConfig(n_neurons=8, k_edges=4)
GENOMES = {
    "direct": lambda: genomes.direct(SPIKING, observation_size=4, num_actions=5),
}


@pytest.fixture(params=GENOMES)
def genome(request):
    return GENOMES[request.param]()


def test_a_genome_is_a_flat_vector_drawn_from_its_key(genome, key):
    genes = genome.init(key)
    assert genes.shape == (genome.size,) and genes.dtype == jnp.float32
    assert_same_bits(genes, genome.init(jax.random.clone(key)))
    assert not np.array_equal(genes, genome.init(jax.random.key(1)))


def test_development_is_deterministic_for_a_key(genome, key):
    genes = genome.init(jax.random.key(1))
    once = genome.develop(key, genes)
    assert_same_bits(once, genome.develop(jax.random.clone(key), genes))


def test_every_genome_develops_into_the_same_types(genome, key):
    of = lambda genes: types(jax.eval_shape(genome.develop, key, genes))
    assert of(jnp.zeros(genome.size)) == of(genome.init(jax.random.key(1)))
    assert not any(weak for _, _, weak in of(jnp.zeros(genome.size)))


def test_named_and_flat_undo_each_other_bit_for_bit(genome):
    """Whatever the bits: infinities, the smallest numbers, -0, NaN."""
    words = np.random.default_rng(0).integers(0, 2**32, genome.size, dtype=np.uint32)
    words[:4] = 0x80000000, 0x7F800000, 0x00000001, 0x7FC00000
    genes = jnp.asarray(words.view(np.float32))
    named = genome.named(genes)
    assert_same_bits(genome.flat(named), genes)
    assert_same_bits(genome.named(genome.flat(named)), named)
    assert_same_bits(genome.flat(jax.device_get(named)), genes)  # as read from disk


def test_jit_agrees_with_eager(genome, key):
    """Within a rounding; bit for bit under the strict flags."""
    genes = genome.init(jax.random.key(1))
    eager = genome.develop(key, genes)
    jitted = jax.jit(genome.develop)(jax.random.clone(key), genes)
    close = functools.partial(np.testing.assert_allclose, rtol=1e-6)
    jax.tree.map(close, eager, jitted)


def test_an_array_that_is_missing_or_misshapen_is_named(genome, key):
    named = dict(genome.named(genome.init(key)))
    name = sorted(named)[0]
    with pytest.raises(ValueError, match=f"{name} of shape .*, got nothing"):
        genome.flat({other: a for other, a in named.items() if other != name})
    with pytest.raises(ValueError, match=rf"{name} of shape .*, got \(1,\)"):
        genome.flat(named | {name: np.zeros(1, np.float32)})
