"""What every genome promises. A new one is tested by entering CASES."""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from bits import assert_same_bits, types
from lanes_of_tests import mostly_slow

from koki2 import agents, genomes

UNOPTIMISED = {"xla_backend_optimization_level": 0}  # compiles faster
LEARNED = dict(plast_enabled=True, plast_per_edge=True, rule="abcd", strain="adaptive")
CASES = {
    "direct": ("direct", {}),
    "direct that learns": ("direct", LEARNED),
    "cppn": ("cppn", {}),
    "cppn of more neurons": ("cppn", {"n_neurons": 30}),
    "cppn that learns": ("cppn", LEARNED | {"modulator_kind": "vector"}),
    "cppn without weights": ("cppn", {"control": "random_network"}),
}


class Case(NamedTuple):
    genome: genomes.Genome
    develop: Any  # the genome's own, under jit: compiled once
    needed: dict  # what the agent is born with: shapes by name


@functools.cache
def made(name):
    encoding, knobs = CASES[name]
    config = genomes.GenomeConfig(encoding=encoding)
    agent = agents.AgentConfig(**{"n_neurons": 8, "k_edges": 4} | knobs)
    wiring = genomes.wiring(config, agent, 0)
    genome = genomes.make(config, agent, 4, 5, wiring)
    develop = jax.jit(genome.develop, compiler_options=UNOPTIMISED)
    return Case(genome, develop, agents.parameter_shapes(agent, 4, 5))


@pytest.fixture(
    params=mostly_slow(CASES, "direct that learns", "cppn", "cppn that learns")
)
def case(request):
    return made(request.param)


@pytest.fixture
def genome(case):
    return case.genome


def test_a_genome_is_a_flat_vector_drawn_from_its_key(genome, key):
    genes = genome.init(key)
    assert genes.shape == (genome.size,) and genes.dtype == jnp.float32
    assert_same_bits(genes, genome.init(jax.random.clone(key)))
    assert not np.array_equal(genes, genome.init(jax.random.key(1)))


def test_development_is_deterministic_for_a_key(case, key):
    genes = case.genome.init(jax.random.key(1))
    once = case.develop(key, genes)
    assert_same_bits(once, case.develop(jax.random.clone(key), genes))


def test_every_genome_develops_into_the_same_types(genome, key):
    of = lambda genes: types(jax.eval_shape(genome.develop, key, genes))
    assert of(jnp.zeros(genome.size)) == of(genome.init(jax.random.key(1)))
    assert not any(weak for _, _, weak in of(jnp.zeros(genome.size)))


def test_a_newborn_has_what_its_agent_needs_and_no_more(case, key):
    """Only a mask is the genome's own affair."""
    born = jax.eval_shape(case.genome.develop, key, jnp.zeros(case.genome.size))
    found = {name: x.shape for name, x in born.items() if x is not None}
    mask = found.pop("mask", None)
    assert found == case.needed
    assert mask is None or len(mask) == 1


def test_named_and_flat_undo_each_other_bit_for_bit(genome):
    """Whatever the bits: infinities, the smallest numbers, -0, NaN."""
    words = np.random.default_rng(0).integers(0, 2**32, genome.size, dtype=np.uint32)
    words[:4] = 0x80000000, 0x7F800000, 0x00000001, 0x7FC00000
    genes = jnp.asarray(words.view(np.float32))
    named = genome.named(genes)
    assert_same_bits(genome.flat(named), genes)
    assert_same_bits(genome.named(genome.flat(named)), named)
    assert_same_bits(genome.flat(jax.device_get(named)), genes)  # as read from disk


@pytest.mark.slow
def test_jit_agrees_with_eager(case, key):
    """Within a rounding; bit for bit under the strict flags."""
    genes = case.genome.init(jax.random.key(1))
    eager = case.genome.develop(key, genes)
    close = functools.partial(np.testing.assert_allclose, rtol=1e-5, atol=1e-6)
    jax.tree.map(close, eager, case.develop(jax.random.clone(key), genes))


def test_a_genome_develops_alike_wherever_it_stands_in_a_population(genome, key):
    """Bit for bit, though what stands beside it is another."""
    population = jax.vmap(genome.init)(jax.random.split(key, 5))
    key_develop = jax.random.key(1)
    develop = jax.jit(jax.vmap(lambda genes: genome.develop(key_develop, genes)))
    there, back = develop(population), develop(population[::-1])
    assert_same_bits(jax.tree.map(lambda x: x[::-1], back), there)


def test_an_array_that_is_missing_or_misshapen_is_named(genome, key):
    named = dict(genome.named(genome.init(key)))
    name = sorted(named)[0]
    with pytest.raises(ValueError, match=f"{name} of shape .*, got nothing"):
        genome.flat({other: a for other, a in named.items() if other != name})
    with pytest.raises(ValueError, match=rf"{name} of shape .*, got \(1,\)"):
        genome.flat(named | {name: np.zeros(1, np.float32)})
