"""What every emitter promises, as checks that anyone can run on one of their own.

    for name, check in CHECKS.items():
        check(emitter)  # raises AssertionError, with a sentence

The emitter is one for genomes of `NUM_DIMS` numbers. It fills an archive of 4 x 4 cells
by the first two of them; the fittest genome is 0. It is compiled once, however many
checks look at it.
"""

import functools
from collections.abc import Callable, Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from koki2.contracts import requirements
from koki2.contracts.requirements import must
from koki2.core.types import Key
from koki2.search.archive import Archive, Batch, empty, grid, insert, Insertion
from koki2.search.configs import ArchiveConfig, EmitterConfig
from koki2.search.emitters.base import Elites, Emitter, show_elites, State
from koki2.search.emitters.registry import make

NUM_DIMS = 4
GENERATIONS = 4
CELLS = grid(ArchiveConfig(shape=(4, 4), low=(-1.0, -1.0)))


class Trial(NamedTuple):
    """An emitter at work, compiled or not."""

    ask: Callable[[Key, State, Archive], tuple[Array, Array, State]]
    tell: Callable[[State, Batch, Insertion, Archive], State]
    try_out: Callable[[Archive, Array, Array], tuple[Batch, Archive, Insertion]]


class Generation(NamedTuple):
    """What came of one generation."""

    genomes: Float[Array, "P D"]
    parents: Int[Array, "P 2"]
    asked: State
    """The emitter's, after `ask`."""
    state: State
    """After `tell`."""
    archive: Archive
    """After the insertion."""


def emitter(config: EmitterConfig) -> Emitter:
    """Makes an emitter; one that mutates a genome adds noise to it."""
    noise = lambda key, parent: parent + 0.2 * jax.random.normal(key, parent.shape)
    return make(config, NUM_DIMS, noise)


def search(
    emitter: Emitter, seed: int = 0, refused: tuple[int, ...] = ()
) -> list[Generation]:
    """Fills an archive in `GENERATIONS` generations.

    Args:
      emitter: the emitter.
      seed: of the search.
      refused: generations of which nothing is inserted: not finite, or outside.
    """
    key_init, key_asks = jax.random.split(jax.random.key(seed))
    state, archive = emitter.init(key_init, jnp.zeros(NUM_DIMS)), empty(CELLS, NUM_DIMS)
    generations = []
    for step in range(GENERATIONS):
        key, fails = jax.random.fold_in(key_asks, step), jnp.array(step in refused)
        generations.append(_generation(_trial(emitter), key, state, archive, fails))
        state, archive = generations[-1].state, generations[-1].archive
    return generations


def check_form(emitter: Emitter) -> None:
    """It has the fields of an `Emitter`."""
    requirements.must_be_a(Emitter, emitter, "koki2.search.emitters.Emitter")
    requirements.must_count("batch_size", emitter.batch_size)
    requirements.must_be_callable(emitter, "init", "ask", "tell")


def check_genomes(emitter: Emitter) -> None:
    """It asks for `batch_size` genomes of float32 that are finite."""
    state = emitter.init(jax.random.key(0), jnp.zeros(NUM_DIMS))
    archive, shape = empty(CELLS, NUM_DIMS), (emitter.batch_size, NUM_DIMS)
    asked = jax.eval_shape(_plain(emitter).ask, jax.random.key(1), state, archive)
    requirements.must_be_array("genomes", asked[0], shape, np.float32)
    requirements.must_be_finite([generation.genomes for generation in search(emitter)])


def check_parents(emitter: Emitter) -> None:
    """Parents are cells that were filled; -1 stands for none."""
    filled = np.zeros(0, np.int32)
    for generation in search(emitter):
        parents = np.asarray(generation.parents)
        requirements.must_be_array(
            "parents", parents, (emitter.batch_size, 2), np.int32
        )
        others = np.setdiff1d(parents, np.append(filled, -1))
        must(
            others.size == 0,
            f"parents must be -1 or cells that are filled, {filled}, got {others}",
        )
        filled = np.flatnonzero(generation.archive.filled)


def check_empty_archive(emitter: Emitter) -> None:
    """While the archive is empty it asks for genomes that differ."""
    for generation in search(emitter, refused=(0,))[:2]:
        must(
            len(np.unique(np.asarray(generation.genomes), axis=0)) > 1,
            "genomes must differ also while the archive is empty, got one many times",
        )


def check_refusals(emitter: Emitter) -> None:
    """A generation of which nothing is inserted breaks nothing."""
    for generation in search(emitter, refused=(0, 2)):
        must(
            np.isfinite(generation.genomes),
            "genomes must be finite also after a generation that was refused",
        )


def check_types(emitter: Emitter) -> None:
    """The state is arrays whose types never change, and holds no key."""

    def start_and_step() -> tuple[State, Generation]:
        state = emitter.init(jax.random.key(0), jnp.zeros(NUM_DIMS))
        key, archive = jax.random.key(1), empty(CELLS, NUM_DIMS)
        fails = jnp.array(False)
        return state, _generation(_plain(emitter), key, state, archive, fails)

    state, after = jax.eval_shape(start_and_step)
    requirements.must_keep_types(state, after.asked, "ask")
    requirements.must_keep_types(state, after.state, "tell")
    requirements.must_hold_no_key(state)


def check_replay(emitter: Emitter) -> None:
    """The same key gives the same search, bit for bit, and another key another."""
    first, again, other = (search(emitter, seed) for seed in (0, 0, 8))
    sentence = "the same key must give the same search bit for bit, got two"
    requirements.must_be_same_bits(first, again, sentence)
    must(
        not np.array_equal(first[0].genomes, other[0].genomes),
        "another key must give other genomes, got the same",
    )


def check_jit(emitter: Emitter) -> None:
    """`jit` agrees with eager, within a rounding."""
    last = search(emitter)[-1]
    again = lambda trial: _generation(
        trial, jax.random.key(9), last.state, last.archive, jnp.array(False)
    )
    eager = again(_plain(emitter)._replace(try_out=_compiled_try_out))
    compiled = again(_trial(emitter))
    requirements.must_be_close(eager, compiled, "a generation", rtol=1e-3, atol=1e-4)


CHECKS: Mapping[str, Callable[[Emitter], None]] = requirements.by_name(
    *(check_form, check_genomes, check_parents, check_empty_archive, check_refusals),
    *(check_types, check_replay, check_jit),
)
"""Every check by name; each raises AssertionError with a sentence."""


def _generation(
    trial: Trial, key: Key, state: State, archive: Archive, fails: Bool[Array, ""]
) -> Generation:
    genomes, parents, asked = trial.ask(key, state, archive)
    batch, archive, insertion = trial.try_out(archive, genomes, fails)
    state = trial.tell(asked, batch, insertion, archive)
    return Generation(genomes, parents, asked, state, archive)


def _plain(emitter: Emitter) -> Trial:
    ask = lambda key, state, archive: emitter.ask(key, state, _shown(archive))
    tell = lambda state, batch, insertion, archive: emitter.tell(
        state, batch, insertion, _shown(archive)
    )
    return Trial(ask, tell, _try_out)


@functools.lru_cache(maxsize=64)
def _trial(emitter: Emitter) -> Trial:
    ask, tell, _ = _plain(emitter)
    return Trial(
        requirements.compiled(ask), requirements.compiled(tell), _compiled_try_out
    )


def _shown(archive: Archive) -> Elites:
    stored = lambda where: archive.genome[where]
    return show_elites(archive, stored, jnp.zeros(NUM_DIMS))


def _try_out(
    archive: Archive, genomes: Float[Array, "P D"], fails: Bool[Array, ""]
) -> tuple[Batch, Archive, Insertion]:
    """Evaluates genomes and inserts them; if it fails, no row is accepted."""
    odd = jnp.arange(genomes.shape[0]) % 2 == 1
    batch = Batch(
        genome=genomes,
        fitness=jnp.where(fails & odd, jnp.nan, -jnp.sum(genomes**2, axis=1)),
        descriptor=jnp.where(fails, 5.0, jnp.tanh(genomes[:, :2])),
        birth=jnp.zeros(genomes.shape[0], jnp.int32),
    )
    return batch, *insert(CELLS, archive, batch)


_compiled_try_out = requirements.compiled(_try_out)
