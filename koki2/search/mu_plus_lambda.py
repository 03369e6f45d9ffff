"""(mu + lambda): the best of parents and children are the next parents."""

import chex
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from koki2.core.types import Key
from koki2.search.base import Strategy
from koki2.search.configs import SearchConfig

CHILDREN_PER_PARENT = 4  # lambda / mu, where mu is not given


@chex.dataclass(frozen=True, kw_only=True)
class MuPlusLambdaState:
    """The parents, the fittest first."""

    parent: Float[Array, "M D"]
    fitness: Float[
        Array, " M"
    ]  # as it was evaluated once; -inf before the first generation


def mu_plus_lambda(
    config: SearchConfig, num_dims: int, mu: int | None = None
) -> Strategy:
    """Builds (mu + lambda): an elitist evolution strategy with fixed noise.

        child = a parent drawn at random + sigma eps,  eps ~ N(0, I)
        parents' = the mu fittest of parents and children

    Of equally fit genomes the older stays, then the one of lower index. A parent keeps
    the fitness it was once given, so under noise an overestimated parent stays long.

    Args:
      config: pop_size (lambda) and sigma are read.
      num_dims: numbers in a genome, D.
      mu: number of parents; None is a quarter of the children, at least one.

    Raises:
      ValueError: fewer than one parent.

    Example:
      >>> strategy = mu_plus_lambda(SearchConfig(pop_size=2), num_dims=1, mu=2)
      >>> state = strategy.init(jax.random.key(0), jnp.zeros(1))
      >>> for fitness in ([5.0, 1.0], [3.0, jnp.nan]):
      ...     asked, state = strategy.ask(jax.random.key(1), state)
      ...     state = strategy.tell(state, asked, jnp.array(fitness))
      >>> state.fitness.tolist()
      [5.0, 3.0]

    Source: Schwefel, "Numerical optimization of computer models", 1981.
    """
    mu = max(1, config.pop_size // CHILDREN_PER_PARENT) if mu is None else mu
    if mu < 1:
        raise ValueError(f"mu must be at least 1, got {mu}.")

    def init(key: Key, centre: Float[Array, " D"]) -> MuPlusLambdaState:
        del key
        centre = jax.lax.convert_element_type(centre, centre.dtype)  # no weak type
        return MuPlusLambdaState(
            parent=jnp.broadcast_to(centre, (mu, num_dims)),
            fitness=jnp.full(mu, -jnp.inf, jnp.float32),
        )

    def ask(
        key: Key, state: MuPlusLambdaState
    ) -> tuple[Float[Array, "P D"], MuPlusLambdaState]:
        key_parent, key_noise = jax.random.split(key)
        which = jax.random.randint(key_parent, (config.pop_size,), 0, mu)
        noise = jax.random.normal(key_noise, (config.pop_size, num_dims))
        return state.parent[which] + config.sigma * noise, state

    def tell(
        state: MuPlusLambdaState,
        population: Float[Array, "P D"],
        fitness: Float[Array, " P"],
    ) -> MuPlusLambdaState:
        children = jnp.where(jnp.isnan(fitness), -jnp.inf, fitness)
        pooled_fitness = jnp.concatenate([state.fitness, children])
        pooled = jnp.concatenate([state.parent, population])
        best = jnp.argsort(-pooled_fitness, stable=True)[:mu]  # parents first: older
        return MuPlusLambdaState(parent=pooled[best], fitness=pooled_fitness[best])

    return Strategy(
        name="mu_plus_lambda",
        pop_size=config.pop_size,
        init=init,
        ask=ask,
        tell=tell,
        mean=lambda state: state.parent[0],
    )
