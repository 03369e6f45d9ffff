"""Emitters that let a search strategy move through the archive, told another aim.

A strategy follows one distribution; what it is told is not fitness but how much its
genomes improved the archive, or how unlike its elites they were. When it gets nowhere
it starts again at an elite drawn at random.
"""

from collections.abc import Callable
from typing import Any

import chex
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from koki2.core.types import Key
from koki2.search import novelty as novelty_
from koki2.search.archive.records import Batch, Insertion
from koki2.search.configs import EmitterConfig, SearchConfig
from koki2.search.emitters.base import draw, Elites, Emitter
from koki2.search.ranks import centred_ranks
from koki2.search.registry import make


@chex.dataclass(frozen=True, kw_only=True)
class StrategyState:
    """A strategy on its way."""

    inner: Any
    """The strategy's state."""
    stuck: Bool[Array, ""]
    """Whether it starts again the next time it is asked."""


def improvement(config: EmitterConfig, num_dims: int) -> Emitter:
    """The improvement emitter: new cells first, then cells made better, then the rest.

        new cell:     ranked above all others, among themselves by fitness
        old cell:     ranked by fitness - fitness of its elite before the batch
        refused:      worst

    It starts again when a batch changed nothing in the archive.

    Args:
      config: batch_size, init_sigma, sigma and strategy are read.
      num_dims: numbers in a genome, D.

    Source: Fontaine et al., "Covariance matrix adaptation for the rapid illumination of
    behavior space" (CMA-ME), 2020.
    """

    def aim(batch: Batch, done: Insertion, elites: Elites) -> Float[Array, " N"]:
        has_cell = done.cell < elites.cells.filled.shape[0]
        return improvement_ranks(batch.fitness, done.before, has_cell)

    return _emitter("improvement", config, num_dims, aim)


def novelty(config: EmitterConfig, num_dims: int) -> Emitter:
    """Novelty search with the archive for a memory: fitness counts in cells only.

    What is told is the mean distance to the `novelty_k` nearest descriptors, of elites
    and of the batch; those refused are worst. It starts again when a batch changed
    nothing in the archive.

    Args:
      config: batch_size, init_sigma, sigma, strategy and novelty_k are read.
      num_dims: numbers in a genome, D.

    Source: Lehman and Stanley, "Abandoning objectives", 2011; the elites in place of
    its archive are ours.
    """

    def aim(batch: Batch, done: Insertion, elites: Elites) -> Float[Array, " N"]:
        has_cell = done.cell < elites.cells.filled.shape[0]
        behaviour = jnp.where(has_cell[:, None], batch.descriptor, 0.0)
        known = elites.cells.descriptor, elites.cells.filled
        unlike = novelty_.among(behaviour, has_cell, *known, config.novelty_k)
        return jnp.where(has_cell, unlike, jnp.nan)

    return _emitter("novelty", config, num_dims, aim)


def improvement_ranks(
    fitness: Float[Array, " N"], before: Float[Array, " N"], has_cell: Bool[Array, " N"]
) -> Float[Array, " N"]:
    """What the improvement emitter tells its strategy; NaN for those refused.

    Example:
      >>> fitness = jnp.array([5.0, 1.0, 2.0, 9.0, 3.0])
      >>> before = jnp.array([1.0, -jnp.inf, -jnp.inf, 8.0, -jnp.inf])
      >>> has_cell = jnp.array([True, True, True, True, False])
      >>> told = improvement_ranks(fitness, before, has_cell)
      >>> jnp.argsort(-told)[:4].tolist(), bool(jnp.isnan(told[4]))
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
    aim: Callable[[Batch, Insertion, Elites], Float[Array, " N"]],
) -> Emitter:
    knobs = {"strategy": config.strategy, "pop_size": config.batch_size}
    strategy = make(SearchConfig(sigma=config.sigma, **knobs), num_dims)
    first = make(SearchConfig(sigma=config.init_sigma, **knobs), num_dims)

    def init(key: Key, genome: Float[Array, " D"]) -> StrategyState:
        return StrategyState(inner=first.init(key, genome), stuck=jnp.array(False))

    def ask(key: Key, state: StrategyState, elites: Elites):
        key_parent, key_again, key_ask = jax.random.split(key, 3)
        cell = draw(key_parent, elites.cells.filled, (1,))
        again = strategy.init(key_again, elites.genomes(cell)[0])
        inner = jax.tree.map(
            lambda a, b: jnp.where(state.stuck, a, b), again, state.inner
        )
        genomes, inner = strategy.ask(key_ask, inner)
        nobody = jnp.full((config.batch_size, 2), -1, jnp.int32)
        parents = jnp.where(state.stuck, nobody.at[:, 0].set(cell[0]), nobody)
        return genomes, parents, StrategyState(inner=inner, stuck=jnp.array(False))

    def tell(state: StrategyState, batch: Batch, done: Insertion, elites: Elites):
        inner = strategy.tell(state.inner, batch.genome, aim(batch, done, elites))
        return StrategyState(inner=inner, stuck=~jnp.any(done.accepted))

    return Emitter(
        name=name, batch_size=config.batch_size, init=init, ask=ask, tell=tell
    )
