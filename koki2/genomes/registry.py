"""From a config to the genome it names, and the wiring that goes with it."""

from koki2.agents.configs import AgentConfig
from koki2.agents.topology import random_topology, Topology
from koki2.genomes.base import Genome
from koki2.genomes.catalogue import GENOMES
from koki2.genomes.configs import GenomeConfig


def make(
    config: GenomeConfig,
    agent: AgentConfig,
    observation_size: int,
    num_actions: int,
    topology: Topology,
) -> Genome:
    """Builds the genome of a config.

    Args:
      config: which encoding.
      agent: whose genome it is.
      observation_size: O.
      num_actions: A.
      topology: the synapses that may exist, as `wiring` gives them; also as traced
        data. The direct encoding does not read it.

    Raises:
      ValueError: an unknown encoding, with the nearest known ones.

    Example:
      >>> config, agent = GenomeConfig(encoding="cppn"), AgentConfig(n_neurons=9)
      >>> make(config, agent, 4, 5, wiring(config, agent, seed=0)).size
      266
    """
    build = GENOMES.find(config.encoding).make
    return build(config, agent, observation_size, num_actions, topology)


def wiring(config: GenomeConfig, agent: AgentConfig, seed: int) -> Topology:
    """Returns the synapses that may exist: as the encoding chooses, else by a seed.

    Args:
      config: which encoding.
      agent: gives N and k_edges.
      seed: of random wiring; the neighbours of a CPPN are the same for every seed.

    Example:
      >>> near, drawn = GenomeConfig(encoding="cppn"), GenomeConfig()
      >>> pair = [wiring(near, AgentConfig(), seed).target for seed in (0, 1)]
      >>> bool((pair[0] == pair[1]).all())
      True
    """
    choose = GENOMES.find(config.encoding).wiring
    if choose is None:
        return random_topology(seed, agent.n_neurons, agent.k_edges)
    return choose(config, agent, seed)
