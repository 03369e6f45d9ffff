"""What JAX asks of us: programs traced once, types that never change, no leaked tracer.

Keys used once, strict promotion of dtypes and ranks are asked of every test by
conftest.py; that a world, agent or genome traces once by its contract.
"""

import dataclasses
import sys

import jax
import jax.numpy as jnp
import pytest
import tiny

from koki2.core.chunks import chunked_scan
from koki2.core.keys import episode_keys
from koki2.evolution import build, rollout

SEED, GENOMES = 3, 11
CONFIG = tiny.config(tiny.WORLD | dict(num_bad_sources=0), tiny.PLASTIC)
EVOLVE = sys.modules["koki2.evolution.evolve"]


@pytest.fixture
def traced(monkeypatch):
    """One entry for every trace of a generation."""
    plain, calls = EVOLVE.generation, []

    def counted(*args):
        calls.append(args)
        return plain(*args)

    monkeypatch.setattr(EVOLVE, "generation", counted)
    return calls


def test_all_chunks_and_resumptions_are_one_trace_of_a_generation(traced):
    loop = dataclasses.replace(CONFIG.loop, generations=4)
    search = build(dataclasses.replace(CONFIG, loop=loop), SEED)
    _, _, carry = tiny.run(search, 2)
    search.chunk(search.unpack(search.pack(carry)), 1)
    assert len(traced) == 1


def test_a_step_is_traced_once():
    """In a chunk of generations, which asks for shapes and branches at two levels."""
    parts, params = tiny.population(CONFIG, GENOMES)
    traced, keys = [], lambda: episode_keys(5, 3)

    def step(*args):
        traced.append(args)
        return parts.episode.step(*args)

    counted = parts.episode._replace(step=step)
    one = lambda n: (n + 1, {"metrics": {"stats": rollout(counted, keys(), params)}})
    jax.make_jaxpr(chunked_scan(one, 2))(jnp.int32(0), jnp.int32(2))
    assert len(traced) == 1


def test_no_tracer_leaks_out_of_a_generation():
    """JAX looks for tracers that live on after the trace that made them."""
    program = build(CONFIG, SEED)
    with jax.checking_leaks():
        program.chunk(program.init(), 1)


def test_a_leak_would_be_found():
    kept = []
    with jax.checking_leaks(), pytest.raises(Exception, match="[Ll]eaked"):
        jax.jit(lambda x: kept.append(x + 1.0) or x)(1.0)
