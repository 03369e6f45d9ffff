"""From a config to the genome it names, and the wiring that goes with it."""

from koki2.agents.configs import AgentConfig
from koki2.agents.topology import random_topology, Topology
from koki2.genomes.base import Genome
from koki2.genomes.candidates import nearest_topology
from koki2.genomes.configs import GenomeConfig
from koki2.genomes.cppn import cppn
from koki2.genomes.direct import direct


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
      topology: who may listen to whom, as `wiring` gives it; also as traced data. The
        direct encoding does not look at it.

    Example:
      >>> config, agent = GenomeConfig(encoding="cppn"), AgentConfig(n_neurons=9)
      >>> make(config, agent, 4, 5, wiring(config, agent, seed=0)).size
      266
    """
    if config.encoding == "cppn":
        return cppn(config, agent, observation_size, num_actions, topology)
    return direct(agent, observation_size, num_actions)


def wiring(config: GenomeConfig, agent: AgentConfig, seed: int) -> Topology:
    """The synapses that may exist: neighbours for a CPPN, else drawn by a seed.

    Args:
      config: which encoding, and which candidates if it is a CPPN.
      agent: gives N and k_edges.
      seed: of random wiring; neighbours are the same for every seed.

    Example:
      >>> near, drawn = GenomeConfig(encoding="cppn"), GenomeConfig()
      >>> pair = [wiring(near, AgentConfig(), seed).target for seed in (0, 1)]
      >>> bool((pair[0] == pair[1]).all())
      True
    """
    if config.encoding == "cppn" and config.cppn_candidates == "nearest":
        return nearest_topology(agent.n_neurons, agent.k_edges)
    return random_topology(seed, agent.n_neurons, agent.k_edges)
