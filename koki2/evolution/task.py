"""From a config to the things it names: world, wiring, agent, genome."""

from typing import NamedTuple

from koki2.agents.scripted import BASELINES
from koki2.agents.spiking import spiking
from koki2.agents.topology import random_topology, Topology
from koki2.envs.base import Env
from koki2.envs.chemotaxis import chemotaxis
from koki2.evolution.configs import EvolutionConfig
from koki2.evolution.lifetime import Lifetime, lifetime
from koki2.genomes.base import Genome
from koki2.genomes.direct import direct

TOPOLOGY_OFFSET = 12345  # from a run's seed to that of its wiring


class Task(NamedTuple):
    """What genomes are, and the lives they are tried in."""

    env: Env
    genome: Genome
    life: Lifetime


def wiring(config: EvolutionConfig, seed: int) -> Topology:
    """The fixed wiring of one run: from its own seed, or `topology_seed` if given."""
    agent = config.agent
    chosen = agent.topology_seed
    chosen = seed + TOPOLOGY_OFFSET if chosen is None else chosen
    return random_topology(chosen, agent.n_neurons, agent.k_edges)


def task(config: EvolutionConfig, topology: Topology) -> Task:
    """Puts the configured agent, wired so, into the configured world."""
    env = chemotaxis(config.env)
    genome = direct(config.agent, env.observation_size, env.num_actions)
    return Task(env, genome, lifetime(env, spiking(config.agent, topology)))


def baseline(config: EvolutionConfig, policy: str) -> Lifetime:
    """A scripted agent in the configured world.

    Raises:
      ValueError: if no baseline is called that.
    """
    if policy not in BASELINES:
        raise ValueError(
            f"policy must be one of {', '.join(sorted(BASELINES))}, got {policy!r}."
        )
    return lifetime(chemotaxis(config.env), BASELINES[policy]())
