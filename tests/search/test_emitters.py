"""What every emitter promises. A new one is tested by entering the catalogue."""

import functools
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from lanes_of_tests import mostly_slow

from koki2.contracts.emitter import CHECKS, emitter, NUM_DIMS
from koki2.search import EmitterConfig
from koki2.search.emitters import Emitter, EMITTERS, parents_of

SIZE = 8


@functools.cache
def made(name):
    return emitter(EmitterConfig(emitter=name, batch_size=SIZE, strategy="snes"))


@pytest.mark.parametrize("name", mostly_slow(EMITTERS, "iso_line", "improvement"))
@pytest.mark.parametrize("check", mostly_slow(CHECKS, *CHECKS.keys() - {"jit"}))
def test_every_emitter_keeps_the_contract(name, check):
    CHECKS[check](made(name))


def ask(key, state, elites):
    """Children of the elite in cell 0; the state is the size of their steps."""
    cell = jnp.zeros(SIZE, jnp.int32)
    noise = jax.random.normal(key, (SIZE, NUM_DIMS))
    parents = parents_of(cell, elites.cells.filled[:1])
    return elites.genomes(cell) + state * noise, parents, state


def near(**parts):
    """A stranger's emitter, or with parts of its own a broken one."""
    return STRANGER._replace(**parts)


STRANGER = Emitter(
    name="near",
    batch_size=SIZE,
    init=lambda key, first: jnp.float32(0.5),
    ask=ask,
    tell=lambda state, batch, insertion, elites: state,
)


def adopts(state, batch, insertion, elites):
    """A step as long as the batch was fit on average."""
    return jnp.abs(jnp.mean(batch.fitness))


def asks(change):
    """As `ask`, with the genomes changed."""

    def changed(key, state, elites):
        genomes, parents, state = ask(key, state, elites)
        return change(genomes), parents, state

    return changed


def first_cell(key, state, elites):
    genomes, parents, state = ask(key, state, elites)
    return genomes, jnp.zeros_like(parents), state


def toss(genomes):
    """A coin of NumPy's, which is in no key."""
    draw = lambda: np.float32(np.random.default_rng().normal())
    return genomes + jax.pure_callback(draw, jax.ShapeDtypeStruct((), jnp.float32))


KEYED = near(
    init=lambda key, first: key,
    ask=lambda key, state, elites: (*ask(key, 1.0, elites)[:2], state),
)
TRACES = itertools.count()
ROWS = jnp.ones((SIZE, NUM_DIMS))
BROKEN = [
    ("form", near(batch_size=0), "batch_size must be an integer >= 1, got 0"),
    ("genomes", near(ask=asks(lambda x: x[:, 1:])), r"float32 \[8, 4\], .* \[8, 3\]"),
    ("genomes", near(ask=asks(lambda x: x / 0.0)), "must be finite"),
    ("parents", near(ask=first_cell), r"cells that are filled, \[\], got \[0\]"),
    ("empty archive", near(ask=asks(lambda x: x[:1] + 0.0 * x)), "genomes must differ"),
    ("refusals", near(tell=adopts), "finite also after"),
    ("types", near(init=lambda key, first: jnp.asarray(0.5)), "must keep one type"),
    ("types", near(tell=lambda state, *_: state[None]), "must keep one type"),
    ("types", KEYED, "must not be a key"),
    ("replay", near(ask=asks(toss)), "the same search bit for bit"),
    ("replay", near(ask=asks(lambda x: x[0, 0] * 0.0 + ROWS)), "another key must give"),
    ("jit", near(ask=asks(lambda x: x + next(TRACES))), "jit must agree with eager"),
]


@pytest.mark.parametrize("check", CHECKS)
def test_an_emitter_from_outside_keeps_the_contract(check):
    CHECKS[check](near())
    assert check in {name for name, *_ in BROKEN}  # it can fail


@pytest.mark.parametrize("check, broken, sentence", BROKEN)
def test_a_broken_emitter_gets_what_it_breaks_as_a_message(check, broken, sentence):
    with pytest.raises(AssertionError, match=sentence):
        CHECKS[check](broken)
