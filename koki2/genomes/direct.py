"""Direct encoding: one gene per number an agent is born with, copied at birth."""

import math

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from koki2.agents.configs import AgentConfig
from koki2.agents.registry import parameter_shapes
from koki2.agents.spiking import SpikingParams
from koki2.core.types import Key
from koki2.genomes.base import Genome

INIT_SCALE = 0.1  # standard deviation of a gene at the start of a search


def direct(config: AgentConfig, observation_size: int, num_actions: int) -> Genome:
    """The genome of an agent: 581 genes at the default size.

    Args:
      config: gives N neurons and S = N * k_edges synapses.
      observation_size: O.
      num_actions: A.

    Returns:
      Genes in the order of `agents.parameter_shapes`, each block row by row.

    Raises:
      ValueError: from `flat`, if an array is missing or has another shape.

    Example:
      >>> genome = direct(AgentConfig(), observation_size=4, num_actions=5)
      >>> genome.size
      581
    """
    shapes = parameter_shapes(config, observation_size, num_actions)
    sizes = {name: math.prod(shape) for name, shape in shapes.items()}
    total = sum(sizes.values())

    def init(key: Key) -> Float[Array, " D"]:
        return INIT_SCALE * jax.random.normal(key, (total,))

    def develop(key: Key, genes: Float[Array, " D"]) -> SpikingParams:
        del key  # a copy needs no luck
        return SpikingParams(**named(genes))

    def named(genes: Float[Array, " D"]) -> dict[str, Array]:
        out, start = {}, 0
        for name, shape in shapes.items():
            out[name] = genes[start : start + sizes[name]].reshape(shape)
            start += sizes[name]
        return out

    def flat(arrays: dict[str, ArrayLike]) -> Float[Array, " D"]:
        for name, shape in shapes.items():
            came = jnp.shape(arrays[name]) if name in arrays else "nothing"
            if came != shape:
                raise ValueError(
                    f"a direct genome of {config.n_neurons} neurons needs {name} of "
                    f"shape {shape}, got {came}."
                )
        blocks = [jnp.asarray(arrays[name], jnp.float32).reshape(-1) for name in shapes]
        return jnp.concatenate(blocks)

    return Genome(size=total, init=init, develop=develop, named=named, flat=flat)
