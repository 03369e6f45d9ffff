"""Emitters that search by a strategy, with a shaped fitness from the archive.

A strategy follows one distribution; its shaped fitness is how much its genomes improved
the archive, or how far they were from its elites. When a batch changes nothing in the
archive, the strategy restarts at an elite drawn at random.
"""

from collections.abc import Callable
from typing import Any

import chex
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from koki2.core.types import Key
from koki2.search.archive.records import Batch, Insertion
from koki2.search.configs import EmitterConfig, SearchConfig
from koki2.search.emitters.base import draw, Elites, Emitter
from koki2.search.novelty import novelty_among
from koki2.search.ranks import centred_ranks
from koki2.search.registry import make


@chex.dataclass(frozen=True, kw_only=True)
class StrategyState:
    """The state of a strategy, and whether it is stuck."""

    inner: Any
    """The strategy's state."""
    stuck: Bool[Array, ""]
    """Whether it restarts at the next `ask`."""


def improvement(config: EmitterConfig, num_dims: int) -> Emitter:
    """Builds the improvement emitter: new cells rank first, then improved cells.

        new cell:     ranked above all others, among themselves by fitness
        old cell:     ranked by fitness - fitness of its elite before the batch
        refused:      worst

    It restarts when a batch changed nothing in the archive.

    Args:
      config: batch_size, init_sigma, sigma and strategy are read.
      num_dims: numbers in a genome, D.

    Source: Fontaine et al., "Covariance matrix adaptation for the rapid illumination of
    behavior space" (CMA-ME), 2020.
    """

    def shape(batch: Batch, result: Insertion, elites: Elites) -> Float[Array, " N"]:
        has_cell = result.cell < elites.cells.filled.shape[0]
        return improvement_ranks(batch.fitness, result.before, has_cell)

    return _emitter("improvement", config, num_dims, shape)


def novelty(config: EmitterConfig, num_dims: int) -> Emitter:
    """Builds novelty search with the elites as its archive of past behaviours.

    The shaped fitness is the mean distance to the `novelty_k` nearest descriptors, of
    elites and of the batch; refused rows are worst. Fitness counts in cells only. It
    restarts when a batch changed nothing in the archive.

    Args:
      config: batch_size, init_sigma, sigma, strategy and novelty_k are read.
      num_dims: numbers in a genome, D.

    Source: Lehman and Stanley, "Abandoning objectives", 2011; using the elites in place
    of its novelty archive is ours.
    """

    def shape(batch: Batch, result: Insertion, elites: Elites) -> Float[Array, " N"]:
        has_cell = result.cell < elites.cells.filled.shape[0]
        behaviour = jnp.where(has_cell[:, None], batch.descriptor, 0.0)
        known = elites.cells.descriptor, elites.cells.filled
        distance = novelty_among(behaviour, has_cell, *known, config.novelty_k)
        return jnp.where(has_cell, distance, jnp.nan)

    return _emitter("novelty", config, num_dims, shape)


def improvement_ranks(
    fitness: Float[Array, " N"], before: Float[Array, " N"], has_cell: Bool[Array, " N"]
) -> Float[Array, " N"]:
    """Computes the shaped fitness of the improvement emitter; NaN for refused rows.

    Example:
      >>> fitness = jnp.array([5.0, 1.0, 2.0, 9.0, 3.0])
      >>> before = jnp.array([1.0, -jnp.inf, -jnp.inf, 8.0, -jnp.inf])
      >>> has_cell = jnp.array([True, True, True, True, False])
      >>> shaped_fitness = improvement_ranks(fitness, before, has_cell)
      >>> jnp.argsort(-shaped_fitness)[:4].tolist(), bool(jnp.isnan(shaped_fitness[4]))
      ([2, 1, 0, 3], True)
    """
    is_new = has_cell & (before == -jnp.inf)
    is_old = has_cell & ~is_new
    gain = fitness - jnp.where(is_old, before, 0.0)
    # Ranks span 1, so that those of the two kinds cannot overlap.
    new = 2.0 + centred_ranks(jnp.where(is_new, fitness, -jnp.inf))
    old = 1.0 + centred_ranks(jnp.where(is_old, gain, -jnp.inf))
    return jnp.where(is_new, new, jnp.where(is_old, old, jnp.nan))


def _emitter(
    name: str,
    config: EmitterConfig,
    num_dims: int,
    shape: Callable[[Batch, Insertion, Elites], Float[Array, " N"]],
) -> Emitter:
    settings = {"strategy": config.strategy, "pop_size": config.batch_size}
    strategy = make(SearchConfig(sigma=config.sigma, **settings), num_dims)
    first = make(SearchConfig(sigma=config.init_sigma, **settings), num_dims)

    def init(key: Key, genome: Float[Array, " D"]) -> StrategyState:
        return StrategyState(inner=first.init(key, genome), stuck=jnp.array(False))

    def ask(
        key: Key, state: StrategyState, elites: Elites
    ) -> tuple[Float[Array, "P D"], Int[Array, "P 2"], StrategyState]:
        key_parent, key_restart, key_ask = jax.random.split(key, 3)
        cell = draw(key_parent, elites.cells.filled, (1,))
        restarted = strategy.init(key_restart, elites.genomes(cell)[0])
        inner = jax.tree.map(
            lambda a, b: jnp.where(state.stuck, a, b), restarted, state.inner
        )
        genomes, inner = strategy.ask(key_ask, inner)
        none = jnp.full((config.batch_size, 2), -1, jnp.int32)
        parents = jnp.where(state.stuck, none.at[:, 0].set(cell[0]), none)
        return genomes, parents, StrategyState(inner=inner, stuck=jnp.array(False))

    def tell(
        state: StrategyState, batch: Batch, result: Insertion, elites: Elites
    ) -> StrategyState:
        shaped_fitness = shape(batch, result, elites)
        inner = strategy.tell(state.inner, batch.genome, shaped_fitness)
        return StrategyState(inner=inner, stuck=~jnp.any(result.accepted))

    return Emitter(
        name=name, batch_size=config.batch_size, init=init, ask=ask, tell=tell
    )
