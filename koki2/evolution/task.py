"""Task: what genomes are, and the episodes they are tried in. Made of objects."""

from collections.abc import Mapping
from typing import NamedTuple

from koki2 import agents, genomes
from koki2.agents.base import Agent
from koki2.agents.configs import AgentConfig, SensesConfig
from koki2.agents.topology import Topology
from koki2.envs.base import AnyEnv, has_map
from koki2.evolution.configs import ALSO_CALLED, check_policy, POLICIES
from koki2.evolution.episode import Episode, episode
from koki2.evolution.nursing import ADULT, Nursing
from koki2.evolution.path import paths_in
from koki2.evolution.senses import encoding
from koki2.genomes.base import Genome
from koki2.genomes.configs import GenomeConfig
from koki2.policies.base import Policy
from koki2.policies.blind import blind


class Task(NamedTuple):
    """A world, an agent in it, and what its genome is."""

    env: AnyEnv
    genome: Genome
    episode: Episode
    wiring: Topology
    """Which neurons may listen to which."""
    agent: Agent
    """Who lives the episodes."""


def make_task(
    env: AnyEnv,
    agent: AgentConfig = AgentConfig(),
    genome: GenomeConfig = GenomeConfig(),
    *,
    senses: SensesConfig = SensesConfig(),
    wiring: Topology | int = 0,
    nursing: Nursing = ADULT,
    path: bool = False,
) -> Task:
    """Puts an agent into a world.

    Args:
      env: the world.
      agent: which agent; it gets the world's senses and actions.
      genome: how it is encoded.
      senses: the form in which it gets them.
      wiring: of its neurons, or the seed from which it is drawn.
      nursing: how gently the young are treated.
      path: whether an episode keeps account of where the agent went; the world must
        have a map.

    Example:
      >>> from koki2 import envs
      >>> make_task(envs.chemotaxis()).genome.size
      581
    """
    if isinstance(wiring, int):
        wiring = genomes.wiring(genome, agent, wiring)
    sensed = encoding(senses, env)
    genes = genomes.make(genome, agent, sensed.size, env.num_actions, wiring)
    body = sensed.wrap(agents.make(agent, wiring, env.steps))
    paths = paths_in(env) if path else None
    return Task(env, genes, episode(env, body, nursing, paths), wiring, body)


def baseline(env: AnyEnv, policy: str) -> Episode:
    """Puts a scripted agent into a world.

    Args:
      env: the world.
      policy: one of `POLICIES`, or of a world without a map action-0, action-1, ...;
        oracle is planner.

    Raises:
      ValueError: no baseline is called that, or this world has none of that kind.

    Example:
      >>> from koki2 import envs
      >>> baseline(envs.chemotaxis(), "left").steps
      128
    """
    check_policy(policy)
    return episode(env, _scripted(env, policy))


def policies_of(env: AnyEnv) -> tuple[str, ...]:
    """The policies that a world has, but for those that see nothing."""
    whatever = ("random",) if env.competent is None else ("random", "competent")
    unseeing = blind_policies(env)
    sighted = [name for name in POLICIES if name not in unseeing and name != "stay"]
    return tuple(sighted) if has_map(env) else whatever


def blind_policies(env: AnyEnv) -> Mapping[str, Policy]:
    """Every policy of a world that sees nothing, by name."""
    return blind(env.num_actions, env.size if has_map(env) else None)


def _scripted(env: AnyEnv, policy: str) -> Agent:
    policy = ALSO_CALLED.get(policy, policy)
    if policy == "random":
        return agents.walker(env.num_actions)
    if policy == "stay":
        return agents.stay()
    if policy == "competent" and env.competent is not None:
        return agents.policy(*env.competent)
    unseeing = blind_policies(env)
    if policy in unseeing:
        return agents.policy(*unseeing[policy])
    if policy.startswith("action-"):
        raise ValueError(
            "policy must be of an action that this world has: "
            f"{', '.join(unseeing)}, got {policy}."
        )
    if not has_map(env):
        raise ValueError(
            f"policy {policy} needs a world with a map, which this one has not; there "
            f"are {', '.join(policies_of(env))}, stay and {', '.join(unseeing)}."
        )
    if policy == "planner":
        straight = env.planner == "straight"
        plan = agents.straight_planner if straight else agents.navigator
        return plan(env.size)
    return agents.greedy()
