"""From a config to the things it names: world, wiring, agent, genome."""

from typing import NamedTuple

from koki2 import agents, genomes
from koki2.agents.topology import Topology
from koki2.envs.base import AnyEnv, has_map
from koki2.envs.registry import make
from koki2.evolution.configs import Config, POLICIES
from koki2.evolution.episode import Episode, episode
from koki2.evolution.nursing import nursing
from koki2.evolution.path import paths_in
from koki2.genomes.base import Genome

TOPOLOGY_OFFSET = 12345  # from a run's seed to that of its wiring


class Task(NamedTuple):
    """What genomes are, and the lives they are tried in."""

    env: AnyEnv
    genome: Genome
    episode: Episode


def wiring(config: Config, seed: int) -> Topology:
    """The fixed wiring of one run: from its own seed, or `topology_seed` if given.

    Genomes that grow their synapses choose among those of near neurons, in any run.
    """
    chosen = config.agent.topology_seed
    chosen = seed + TOPOLOGY_OFFSET if chosen is None else chosen
    return genomes.wiring(config.genome, config.agent, chosen)


def task(config: Config, topology: Topology, *, path: bool = False) -> Task:
    """Puts the configured agent, wired so, into the configured world.

    Args:
      config: env, agent, genome and nursing are read.
      topology: the wiring.
      path: whether a life keeps account of where it went; wants a world with a map.
    """
    env = make(config.env)
    paths = paths_in(env) if path else None
    sizes = env.observation_size, env.num_actions
    genome = genomes.make(config.genome, config.agent, *sizes, topology)
    agent = agents.make(config.agent, topology, env.steps)
    nursed = nursing(config.nursing, env.steps)
    return Task(env, genome, episode(env, agent, nursed, paths))


def baseline(config: Config, policy: str) -> Episode:
    """A scripted agent in the configured world.

    Raises:
      ValueError: if no baseline is called that, or this world has none such.
    """
    if policy not in POLICIES:
        raise ValueError(
            f"policy must be one of {', '.join(POLICIES)}, got {policy!r}."
        )
    env = make(config.env)
    return episode(env, _scripted(env, config.env.world, policy))


def _scripted(env: AnyEnv, world: str, policy: str):
    if policy == "random":
        return agents.walker(env.num_actions)
    if policy == "stay":
        return agents.stay()
    if policy == "competent" and env.competent is not None:
        return agents.policy(*env.competent)
    if not has_map(env):
        raise ValueError(
            f"policy {policy} needs a map, which the world {world} has not: there are "
            "random and stay."
        )
    if policy == "oracle":
        straight = env.oracle == "straight"
        return agents.oracle(env.size) if straight else agents.navigator(env.size)
    return agents.greedy()
