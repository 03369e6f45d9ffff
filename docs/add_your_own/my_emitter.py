"""An emitter of your own: most children are near an elite, and a few far from it.

koki2 qd detour-l1.3 --emitter docs/add_your_own/my_emitter.py:far
"""

import jax
import jax.numpy as jnp

from koki2.search import EmitterConfig
from koki2.search.emitters import draw, Elites, Emitter, parents_of

Asked = tuple[jax.Array, jax.Array, tuple[()]]


def far(config: EmitterConfig, num_dims: int, mutate: object = None) -> Emitter:
    """Builds the emitter: child = elite + sigma * noise of a Cauchy distribution."""

    def ask(key: jax.Array, state: tuple[()], elites: Elites) -> Asked:
        key_parent, key_noise = jax.random.split(key)
        filled = elites.cells.filled
        cell = draw(key_parent, filled, (config.batch_size,))
        noise = jax.random.cauchy(key_noise, (config.batch_size, num_dims))
        sigma = jnp.where(jnp.any(filled), config.sigma, config.init_sigma)
        children = elites.genomes(cell) + sigma * noise
        return children, parents_of(cell, filled), state

    return Emitter(
        name="far",
        batch_size=config.batch_size,
        init=lambda key, first: (),
        ask=ask,
        tell=lambda state, batch, insertion, elites: state,
    )
