"""What every genome promises. A new one is tested by entering CASES."""

import functools
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from lanes_of_tests import mostly_slow

from koki2 import agents, genomes
from koki2.contracts.genome import CHECKS, Inheritance, inheritance

LEARNED = dict(plast_enabled=True, plast_per_edge=True, rule="abcd", strain="adaptive")
CASES = {
    "direct": ("direct", {}),
    "direct that learns": ("direct", LEARNED),
    "cppn": ("cppn", {}),
    "cppn of more neurons": ("cppn", {"n_neurons": 30}),
    "cppn that learns": ("cppn", LEARNED | {"modulator_kind": "vector"}),
    "cppn without weights": ("cppn", {"control": "random_network"}),
}


@functools.cache
def made(name):
    encoding, knobs = CASES[name]
    agent = agents.AgentConfig(**{"n_neurons": 8, "k_edges": 4} | knobs)
    return inheritance(genomes.GenomeConfig(encoding=encoding), agent)


@pytest.fixture(
    params=mostly_slow(CASES, "direct that learns", "cppn", "cppn that learns")
)
def case(request):
    return made(request.param)


@pytest.mark.parametrize("check", mostly_slow(CHECKS, *CHECKS.keys() - {"jit"}))
def test_every_genome_keeps_the_contract(case, check):
    CHECKS[check](case)


REFLEX = agents.AgentConfig(n_neurons=2, k_edges=1)
NEEDED = inheritance(genomes.GenomeConfig(), REFLEX).needed
COPY = genomes.direct(REFLEX, 4, 5)


def doubled(**parts):
    """A stranger's genome, or with parts of its own a broken one: twice its genes."""
    return Inheritance(COPY._replace(**{"develop": develops()} | parts), NEEDED)


@functools.cache
def develops(change=lambda genes: 2.0 * genes):
    return lambda key, genes: COPY.develop(key, change(genes))


def toss(genes):
    """A coin of NumPy's, which is in no key."""
    draw = lambda: np.float32(np.random.default_rng().normal())
    return genes + jax.pure_callback(draw, jax.ShapeDtypeStruct((), jnp.float32))


def rank(genes):
    """Adds its place in the population."""
    number = lambda x: x + np.arange(len(x), dtype=np.float32)[:, None]
    one = lambda x: number(x) if x.ndim > 1 else x
    return jax.pure_callback(one, genes, genes, vmap_method="broadcast_all")


def missing(key, genes):
    return COPY.develop(key, genes).replace(mod_w=None)


def unnamed(arrays):
    return jnp.concatenate([jnp.ravel(arrays[name]) for name in COPY.named(ZEROS)])


TRACES = itertools.count()
ZEROS = jnp.zeros(COPY.size)
BROKEN = [
    ("form", doubled(size=0), "size must be an integer >= 1, got 0"),
    ("first genes", doubled(init=lambda key: ZEROS), "another key must give other"),
    ("first genes", doubled(init=lambda key: ZEROS[1:]), "a genome must be float32"),
    (
        "newborn",
        doubled(develop=missing),
        r"develop must give \.mod_w, .* got \.motor_b",
    ),
    ("newborn", doubled(develop=develops(jnp.float16)), "as .*float32.* got .*float16"),
    ("replay", doubled(develop=develops(toss)), "must develop the same newborn"),
    ("numbers", doubled(develop=develops(lambda x: x / 0.0)), "mod_w must be finite"),
    ("names", doubled(flat=lambda arrays: COPY.flat(arrays) + 0.0), "bit for bit"),
    (
        "missing arrays",
        doubled(flat=unnamed),
        "a ValueError that names mod_w.* got KeyError",
    ),
    ("position", doubled(develop=develops(rank)), "wherever it stands"),
    ("jit", doubled(develop=develops(lambda x: x + next(TRACES))), "agree with eager"),
]


@pytest.mark.parametrize("check", CHECKS)
def test_a_genome_from_outside_keeps_the_contract(check):
    CHECKS[check](doubled())
    assert check in {name for name, *_ in BROKEN}  # it can fail


@pytest.mark.parametrize("check, broken, sentence", BROKEN)
def test_a_broken_genome_gets_what_it_breaks_as_a_message(check, broken, sentence):
    with pytest.raises(AssertionError, match=sentence):
        CHECKS[check](broken)
