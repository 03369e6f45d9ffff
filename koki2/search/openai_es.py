"""OpenAI-ES: gradient ascent on a smoothed fitness, of which only ranks are used."""

import chex
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from koki2.core.types import Key
from koki2.search.base import Strategy
from koki2.search.configs import SearchConfig
from koki2.search.ranks import centred_ranks

GREATEST = float(jnp.finfo(jnp.float32).max)


@chex.dataclass(frozen=True, kw_only=True)
class OpenAIESState:
    """The state of the search."""

    mean: Float[Array, " D"]
    """Centre of the search distribution, in genome units."""


def openai_es(config: SearchConfig) -> Strategy:
    """Builds OpenAI-ES: gradient ascent on the expected rank under Gaussian noise.

        x_i = mean + sigma eps_i,  eps_i ~ N(0, I), not mirrored
        mean' = mean + lr / (P sigma) sum_i centred_ranks(fitness)_i eps_i

    No momentum and no decay. If all members are equally fit, the mean stays exactly
    as it is. `tell` computes eps_i = (x_i - mean) / sigma from the population instead
    of keeping it: the state is one genome, the rows may come in any order, and credit
    goes to the step that was evaluated. Where rounding made that differ from the drawn
    noise (by up to |mean| 2^-24 / sigma), the genome differed.

    Args:
      config: pop_size, sigma and lr are read.

    Example:
      >>> strategy = openai_es(SearchConfig(pop_size=4, sigma=0.5))
      >>> state = strategy.init(jax.random.key(0), jnp.zeros(3))
      >>> population, state = strategy.ask(jax.random.key(1), state)
      >>> state = strategy.tell(state, population, jnp.array([7.0, 7.0, 7.0, 7.0]))
      >>> population.shape, strategy.mean(state).tolist()
      ((4, 3), [0.0, 0.0, 0.0])

    Source: Salimans et al. 2017, https://arxiv.org/abs/1703.03864, and seed 002. Unlike
    both, equal fitness gets equal rank; unlike the paper, no mirrored noise, no Adam
    and no weight decay.
    """

    def init(key: Key, centre: Float[Array, " D"]) -> OpenAIESState:
        del key
        centre = jax.lax.convert_element_type(centre, centre.dtype)  # no weak type
        return OpenAIESState(mean=centre)

    def ask(
        key: Key, state: OpenAIESState
    ) -> tuple[Float[Array, "P D"], OpenAIESState]:
        noise = jax.random.normal(key, (config.pop_size, state.mean.size))
        return state.mean[None] + config.sigma * noise, state

    def tell(
        state: OpenAIESState,
        population: Float[Array, "P D"],
        fitness: Float[Array, " P"],
    ) -> OpenAIESState:
        noise = (population - state.mean[None]) / config.sigma
        ascent = jnp.dot(
            centred_ranks(fitness), noise, precision=jax.lax.Precision.HIGHEST
        )
        rate = min(config.lr / (config.pop_size * config.sigma), GREATEST)
        return OpenAIESState(mean=state.mean + rate * ascent)

    return Strategy(
        name="openai_es",
        pop_size=config.pop_size,
        init=init,
        ask=ask,
        tell=tell,
        mean=lambda state: state.mean,
    )
