"""Direct encoding: one gene per number an agent is born with, copied at birth."""

import jax
from jaxtyping import Array, Float

from koki2.agents.base import Params
from koki2.agents.catalogue import AGENTS
from koki2.agents.configs import AgentConfig
from koki2.agents.registry import parameter_shapes
from koki2.core.types import Key
from koki2.genomes.base import Genome
from koki2.genomes.blocks import blocks

INIT_SCALE = 0.1  # standard deviation of a gene at the start of a search


def direct(config: AgentConfig, observation_size: int, num_actions: int) -> Genome:
    """Builds the direct genome of an agent: 581 genes at the default size.

    Args:
      config: which family of agents, and its sizes.
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
    genes_of = blocks(shapes, f"a direct genome of {config.n_neurons} neurons")

    def init(key: Key) -> Float[Array, " D"]:
        return INIT_SCALE * jax.random.normal(key, (genes_of.size,))

    params = AGENTS.find(config.agent).params

    def develop(key: Key, genes: Float[Array, " D"]) -> Params:
        del key  # a copy draws nothing
        return params(genes_of.named(genes))

    return Genome(
        size=genes_of.size,
        init=init,
        develop=develop,
        named=genes_of.named,
        flat=genes_of.flat,
    )
