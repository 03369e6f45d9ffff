"""From names to objects, once: a config and seeds become programs.

Only this module and `judging` take a whole config; below them no function does.
"""

import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple

from koki2 import genomes, search
from koki2.agents.topology import Topology
from koki2.core.program import About, Program
from koki2.envs import make as make_env
from koki2.envs.base import AnyEnv
from koki2.evolution.configs import Config, EvolutionConfig, NursingConfig, QDConfig
from koki2.evolution.descriptors import descriptors, uses_path
from koki2.evolution.evaluation import Evaluator, full_episodes, Score
from koki2.evolution.evolve import evolve_many, Parts
from koki2.evolution.figures import score
from koki2.evolution.nursing import fertility, nursing
from koki2.evolution.qd import illuminate_many, QDParts
from koki2.evolution.rollout import Layout
from koki2.evolution.successive_halving import successive_halving
from koki2.evolution.task import make_task, Task
from koki2.evolution.viability import with_viability

TOPOLOGY_OFFSET = 12345  # from a run's seed to that of its wiring


class Setting(NamedTuple):
    """The objects that a config names, but for what hangs on the wiring."""

    env: AnyEnv
    task: Callable[..., Task]
    """(wiring, path=False) -> the task of training, nursed as configured."""
    adult: Callable[..., Task]
    """The same without nursing: the one that genomes are judged in."""
    wiring: Callable[[int], Topology]
    """Seed of a run -> its wiring, from `topology_seed` if that is given."""
    score: Score


def setting(config: Config) -> Setting:
    """Resolves the names of a config.

    Raises:
      ValueError: a name that there is not, or objects that do not fit each other.
    """
    env = make_env(config.env)
    nursed = nursing(config.nursing, env.steps)
    chosen = config.agent.topology_seed
    parts = functools.partial(make_task, env, config.agent, config.genome)
    return Setting(
        env=env,
        task=lambda wiring, path=False: parts(wiring=wiring, nursing=nursed, path=path),
        adult=lambda wiring, path=False: parts(wiring=wiring, path=path),
        wiring=lambda seed: genomes.wiring(
            config.genome,
            config.agent,
            seed + TOPOLOGY_OFFSET if chosen is None else chosen,
        ),
        score=score(config.fitness),
    )


def build(config: Config, seed: int, *, layout: Layout | None = None) -> Program:
    """Builds the program of a config and a seed; compiles on its first chunk.

    Args:
      config: everything that decides its bits, but for the seed.
      seed: of the run.
      layout: of the episodes; decides speed only.

    Raises:
      ValueError: a name that there is not, or parts that do not fit each other.

    Example:
      >>> from koki2.agents import AgentConfig
      >>> from koki2.evolution.configs import LoopConfig
      >>> agent = AgentConfig(n_neurons=8, k_edges=2)
      >>> loop = LoopConfig(generations=2, episodes=1, checkpoint_every=2)
      >>> program = build(EvolutionConfig(agent=agent, loop=loop), seed=0)
      >>> carry, said = program.chunk(program.init(), program.total)
      >>> program.done(carry), said["metrics"]["generation"].tolist()
      (2, [0, 1])
    """
    return build_many(config, [seed], layout=layout)[0]


def build_many(
    config: Config, seeds: Sequence[int], *, layout: Layout | None = None
) -> list[Program]:
    """Builds a program per seed that share one compiled chunk. See `build`."""
    kind, make = _BUILDERS[type(config)]
    plain = dataclasses.asdict(config)
    return [
        program._replace(about=About(kind, seed, plain))
        for seed, program in zip(seeds, make(config, seeds, layout=layout), strict=True)
    ]


def build_evolution(
    config: EvolutionConfig, seeds: Sequence[int], *, layout: Layout | None = None
) -> list[Program]:
    """`build_many` of an evolution."""
    named = setting(config)

    def assemble(wiring: Topology) -> Parts:
        task = named.task(wiring)
        strategy = search.make(config.search, task.genome.size)
        return Parts(task, strategy, evaluator(config, task, named.score, layout))

    return evolve_many(
        assemble,
        [named.wiring(seed) for seed in seeds],
        seeds,
        loop=config.loop,
        fail_fitness=config.viability.mvt_fail_fitness,
    )


def build_qd(
    config: QDConfig, seeds: Sequence[int], *, layout: Layout | None = None
) -> list[Program]:
    """`build_many` of a quality-diversity search."""
    named = setting(config)
    names = config.behaviour.descriptors
    describe = descriptors(names, named.env)

    def assemble(wiring: Topology) -> QDParts:
        task = named.task(wiring, path=uses_path(names))
        return QDParts(task, evaluator(config, task, named.score, layout), describe)

    wirings = [named.wiring(seed) for seed in seeds]
    genome = named.task(wirings[0]).genome
    how = genomes.GroupMutation(sigma=config.emitter.sigma, rate=config.emitter.rate)
    mutate = genomes.mutation(genomes.MutationConfig(others=how), genome)
    return illuminate_many(
        assemble,
        search.map_elites(config.archive, config.emitter, genome.size, mutate=mutate),
        wirings,
        seeds,
        loop=config.loop,
        fresh=config.behaviour.lives == "fresh",
    )


_BUILDERS: dict[type, tuple[str, Callable[..., list[Program]]]] = {
    EvolutionConfig: ("evo", build_evolution),
    QDConfig: ("qd", build_qd),
}


def evaluator(
    config: Config, task: Task, score: Score, layout: Layout | None = None
) -> Evaluator:
    """Puts together the evaluator that a config describes."""
    steps = task.env.steps
    inner = full_episodes(
        task.episode,
        score,
        config.loop.episodes,
        fertile=fertility(config.nursing, steps),
        layout=layout,
    )
    if config.rungs.rungs:
        actions = task.env.num_actions
        inner = successive_halving(
            inner, task.episode, score, config.rungs, actions, layout=layout
        )
    if config.viability.mvt:
        inner = with_viability(inner, task.episode, config.viability, layout=layout)
    return inner


def adult(config: Config) -> Config:
    """The same without nursing: the episodes in which what was evolved is judged."""
    return dataclasses.replace(config, nursing=NursingConfig())
