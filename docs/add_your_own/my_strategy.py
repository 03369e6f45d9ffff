"""A search strategy of your own: keep the best genome so far, and try its neighbours.

koki2 evo chemotaxis-l0.2 --strategy docs/add_your_own/my_strategy.py:keep_best
"""

import chex
import jax
import jax.numpy as jnp

from koki2.search import SearchConfig, Strategy


@chex.dataclass(frozen=True, kw_only=True)
class KeepBestState:
    """All that the search knows."""

    best: jax.Array  # [D]
    fitness: jax.Array  # of it; -inf before the first generation


def keep_best(config: SearchConfig, num_dims: int) -> Strategy:
    """Builds the strategy: population = best + sigma * noise."""

    def init(key: jax.Array, centre: jax.Array) -> KeepBestState:
        return KeepBestState(best=centre, fitness=jnp.float32(-jnp.inf))

    def ask(key: jax.Array, state: KeepBestState) -> tuple[jax.Array, KeepBestState]:
        noise = jax.random.normal(key, (config.pop_size, num_dims))
        return state.best[None] + config.sigma * noise, state

    def tell(
        state: KeepBestState, population: jax.Array, fitness: jax.Array
    ) -> KeepBestState:
        fitness = jnp.where(jnp.isnan(fitness), -jnp.inf, fitness)  # NaN: failed
        top = jnp.argmax(fitness)  # the first of equals
        better = fitness[top] > state.fitness
        return KeepBestState(
            best=jnp.where(better, population[top], state.best),
            fitness=jnp.where(better, fitness[top], state.fitness),
        )

    return Strategy(
        name="keep_best",
        pop_size=config.pop_size,
        init=init,
        ask=ask,
        tell=tell,
        mean=lambda state: state.best,
    )
