"""MAP-Elites: emitters make genomes from the elites of an archive, which takes them."""

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import chex
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from koki2.core.types import Key
from koki2.search import archive as archives, emitters
from koki2.search.archive import (
    Archive,
    Batch,
    Insertion,
    Store,
    store,
    Summary,
    summary,
)
from koki2.search.configs import ArchiveConfig, EmitterConfig
from koki2.search.emitters.base import Elites, show_elites


@chex.dataclass(frozen=True, kw_only=True)
class MapElitesState:
    """The state of the search."""

    archive: Archive  # as stored
    emitter: Any
    first: Float[Array, " D"]  # the initial genome
    generation: Int[Array, ""]  # generations so far; the birth of new elites


@chex.dataclass(frozen=True, kw_only=True)
class Asked:
    """Genomes to evaluate."""

    genome: Float[Array, "P D"]
    parents: Int[Array, "P 2"]  # cells of their parents; -1 for none
    parents_birth: Int[Array, "P 2"]  # births of these; -1 likewise


class MapElites(NamedTuple):
    """Ask for genomes, tell their fitness and descriptors. Pure functions.

    A whole search is a scan over `ask`, the evaluation and `tell`. The state's shapes
    and dtypes never change, and no key lives in it. Carried through `jit`, donate it.
    """

    store: Store
    batch_size: int
    """Genomes per generation, P. Static."""
    init: Callable[[Key, Float[Array, " D"]], MapElitesState]
    """(key, initial genome) -> state; the archive is empty."""
    ask: Callable[[Key, MapElitesState], tuple[Asked, MapElitesState]]
    """(key, state) -> (genomes, state)."""
    tell: Callable[
        [MapElitesState, Asked, Float[Array, " P"], Float[Array, "P B"]],
        tuple[MapElitesState, Insertion],
    ]
    """(state, asked, fitness, descriptor) -> (state, result per genome)."""
    summary: Callable[[MapElitesState], Summary]
    """state -> coverage, QD-score, fitness and age of the archive."""


def map_elites(
    archive: ArchiveConfig,
    emitter: EmitterConfig,
    num_dims: int,
    *,
    mutate: Callable[[Key, Float[Array, " D"]], Float[Array, " D"]] | None = None,
    devices: int | None = None,
) -> MapElites:
    """Builds the search. Call it outside of `jit`: a CVT is fitted by NumPy.

    Args:
      archive: the cells.
      emitter: how genomes are made from elites.
      num_dims: numbers in a genome, D.
      mutate: (key, parent) -> child; the emitter "mutation" needs it.
      devices: over which the archive is sharded; all if None. Never changes a bit.

    Example:
      >>> search = map_elites(
      ...     ArchiveConfig(shape=(4, 4)), EmitterConfig(batch_size=8), num_dims=2)
      >>> def generation(state, key):
      ...     asked, state = search.ask(key, state)
      ...     descriptor = 0.5 + 0.5 * jnp.sin(asked.genome)
      ...     fitness = -jnp.sum(asked.genome**2, axis=1)
      ...     state, _ = search.tell(state, asked, fitness, descriptor)
      ...     return state, search.summary(state).coverage
      >>> state = search.init(jax.random.key(0), jnp.zeros(2))
      >>> keys = jax.random.split(jax.random.key(1), 100)
      >>> state, coverage = jax.lax.scan(generation, state, keys)
      >>> bool(coverage[-1] > 0.5), int(state.generation)
      (True, 100)

    Source: Mouret and Clune, "Illuminating search spaces by mapping elites", 2015.
    """
    cells = archives.cells(archive)
    stored = store(cells, devices)
    emits = emitters.make(emitter, num_dims, mutate)

    def elites(state: MapElitesState) -> Elites:
        genomes = lambda where: stored.genomes(state.archive, where)
        return show_elites(stored.whole(state.archive), genomes, state.first)

    def init(key: Key, first: Float[Array, " D"]) -> MapElitesState:
        first = jax.lax.convert_element_type(first, first.dtype)  # no weak type
        return MapElitesState(
            archive=stored.empty(num_dims),
            # Copied, since no two arrays of a state that is donated may be one.
            emitter=jax.tree.map(jnp.copy, emits.init(key, first)),
            first=first,
            generation=jnp.int32(0),
        )

    def ask(key: Key, state: MapElitesState) -> tuple[Asked, MapElitesState]:
        current = elites(state)
        genome, parents, inner = emits.ask(key, state.emitter, current)
        # The barrier keeps XLA from computing them again for each consumer.
        genome = jax.lax.optimization_barrier(genome)
        birth = current.cells.birth.at[parents].get(mode="fill", fill_value=-1)
        asked = Asked(
            genome=genome,
            parents=parents,
            parents_birth=jnp.where(parents < 0, -1, birth),
        )
        return asked, dataclasses.replace(state, emitter=inner)

    def tell(
        state: MapElitesState,
        asked: Asked,
        fitness: Float[Array, " P"],
        descriptor: Float[Array, "P B"],
    ) -> tuple[MapElitesState, Insertion]:
        batch = Batch(
            genome=asked.genome,
            fitness=fitness,
            descriptor=descriptor,
            birth=jnp.full(fitness.shape, state.generation),
        )
        after, result = stored.insert(state.archive, batch)
        state = dataclasses.replace(
            state, archive=after, generation=state.generation + 1
        )
        inner = emits.tell(state.emitter, batch, result, elites(state))
        return dataclasses.replace(state, emitter=inner), result

    def figures(state: MapElitesState) -> Summary:
        whole = stored.whole(state.archive)
        return summary(whole, archive.qd_offset, state.generation)

    return MapElites(
        store=stored,
        batch_size=emits.batch_size,
        init=init,
        ask=ask,
        tell=tell,
        summary=figures,
    )
