"""Emitters that vary elites drawn uniformly.

While the archive is empty, every elite is the initial genome, and the noise has the
standard deviation `init_sigma`.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from koki2.core.types import Key
from koki2.search.configs import EmitterConfig
from koki2.search.emitters.base import draw, Elites, Emitter, normal, parents_of, State


def gaussian(config: EmitterConfig) -> Emitter:
    """Builds the emitter child = elite + sigma * noise.

    Args:
      config: batch_size, sigma and init_sigma are read.
    """

    def ask(
        key: Key, state: State, elites: Elites
    ) -> tuple[Float[Array, "P D"], Int[Array, "P 2"], State]:
        key_parent, key_noise = jax.random.split(key)
        filled = elites.cells.filled
        cell = draw(key_parent, filled, (config.batch_size,))
        parent = elites.genomes(cell)
        sigma = jnp.where(jnp.any(filled), config.sigma, config.init_sigma)
        children = parent + sigma * normal(key_noise, parent.shape)
        return children, parents_of(cell, filled), state

    return _stateless("gaussian", config.batch_size, ask)


def iso_line(config: EmitterConfig) -> Emitter:
    """Builds Iso+LineDD: noise, and a step along the line to another elite.

        child = elite + iso_sigma eps + line_sigma r (other - elite)

    with eps ~ N(0, I) and one r ~ N(0, 1) per child. The line is short along genes in
    which elites agree. The two elites may be the same.

    Args:
      config: batch_size, iso_sigma, line_sigma and init_sigma are read.

    Source: Vassiliades and Mouret, "Discovering the elite hypervolume by leveraging
    interspecies correlation", 2018 (Iso+LineDD).
    """

    def ask(
        key: Key, state: State, elites: Elites
    ) -> tuple[Float[Array, "P D"], Int[Array, "P 2"], State]:
        key_parent, key_noise, key_line = jax.random.split(key, 3)
        filled, size = elites.cells.filled, config.batch_size
        pair = draw(key_parent, filled, (2, size))
        both = elites.genomes(pair.reshape(-1))
        parent, other = both[:size], both[size:]
        iso = jnp.where(jnp.any(filled), config.iso_sigma, config.init_sigma)
        along = config.line_sigma * jax.random.normal(key_line, (size, 1))
        noise = normal(key_noise, parent.shape)
        children = parent + iso * noise + along * (other - parent)
        return children, parents_of(pair[0], filled, pair[1]), state

    return _stateless("iso_line", config.batch_size, ask)


def mutation(
    config: EmitterConfig,
    mutate: Callable[[Key, Float[Array, " D"]], Float[Array, " D"]] | None,
) -> Emitter:
    """Builds the emitter child = mutate(elite), by an operator that knows the genes.

    Args:
      config: batch_size and init_sigma are read.
      mutate: (key, parent) -> child, of one genome.

    Raises:
      ValueError: `mutate` is None.
    """
    if mutate is None:
        raise ValueError(
            "mutate must be a function (key, parent) -> child for the emitter "
            "mutation, since only a genome knows its groups of genes, got None."
        )

    def ask(
        key: Key, state: State, elites: Elites
    ) -> tuple[Float[Array, "P D"], Int[Array, "P 2"], State]:
        key_parent, key_children, key_first = jax.random.split(key, 3)
        filled = elites.cells.filled
        cell = draw(key_parent, filled, (config.batch_size,))
        parent = elites.genomes(cell)
        children = jax.vmap(mutate)(
            jax.random.split(key_children, config.batch_size), parent
        )
        noise = normal(key_first, parent.shape)
        first = parent + config.init_sigma * noise
        children = jnp.where(jnp.any(filled), children, first)
        return children, parents_of(cell, filled), state

    return _stateless("mutation", config.batch_size, ask)


def _stateless(name: str, size: int, ask: Callable) -> Emitter:
    return Emitter(
        name=name,
        batch_size=size,
        init=lambda key, first: (),
        ask=ask,
        tell=lambda state, batch, done, elites: state,
    )
