"""From names to objects, once: a config and seeds become programs.

Only this module and `judging` take a whole config; below them no function does.
"""

import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from koki2 import genomes, search
from koki2.core.configs import plain
from koki2.core.devices import moves_data
from koki2.core.numbers import numbers, shape, with_numbers
from koki2.core.program import About, Program
from koki2.envs import make as make_env
from koki2.envs.base import AnyEnv
from koki2.evolution.batch import Data
from koki2.evolution.configs import Config, EvolutionConfig, NursingConfig, QDConfig
from koki2.evolution.descriptors import descriptors, uses_path
from koki2.evolution.evaluation import Evaluator, full_episodes, Score
from koki2.evolution.evolve import evolve_many, Parts
from koki2.evolution.figures import score
from koki2.evolution.nursing import ADULT, fertility, Nursing, nursing
from koki2.evolution.qd import illuminate_many, QDParts
from koki2.evolution.rollout import Layout
from koki2.evolution.successive_halving import successive_halving
from koki2.evolution.task import make_task, Task
from koki2.evolution.viability import with_viability

TOPOLOGY_OFFSET = 12345  # from a run's seed to that of its wiring


class Setting(NamedTuple):
    """The objects that a config names, but for what hangs on `Data`."""

    env: AnyEnv
    task: Callable[..., Task]
    """(data, path=False) -> the task of training, nursed as configured."""
    adult: Callable[..., Task]
    """The same without nursing: the one that genomes are judged in."""
    data: Callable[[int], Data]
    """Seed of a run -> its wiring, from `topology_seed` if that is given, and the
    numbers of its world."""
    score: Score


def setting(config: Config) -> Setting:
    """Resolves the names of a config.

    Raises:
      ValueError: a name that there is not, or objects that do not fit each other.
    """
    env = make_env(config.env)
    nursed = nursing(config.nursing, env.steps, env.senses)
    chosen = config.agent.topology_seed

    def task(data: Data, path: bool = False, nursing: Nursing = ADULT) -> Task:
        world = make_env(with_numbers(config.env, data.numbers))
        return make_task(
            world,
            config.agent,
            config.genome,
            senses=config.senses,
            wiring=data.wiring,
            nursing=nursing,
            path=path,
        )

    def data(seed: int) -> Data:
        drawn = seed + TOPOLOGY_OFFSET if chosen is None else chosen
        wiring = genomes.wiring(config.genome, config.agent, drawn)
        return Data(wiring, numbers(config.env))

    return Setting(
        env=env,
        task=functools.partial(task, nursing=nursed),
        adult=task,
        data=data,
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
    return build_many([(config, seed)], layout=layout)[0]


@moves_data
def build_many(
    runs: Sequence[tuple[Config, int]], *, layout: Layout | None = None
) -> list[Program]:
    """Builds a program per config and seed that share one compiled chunk. See `build`.

    Args:
      runs: config and seed of each. The configs are of one shape: they differ only in
        numbers that are data (`core.numbers`).
      layout: see `build`.

    Raises:
      ValueError: as `build`, or configs of several shapes.
    """
    first = runs[0][0]
    if any(shape(config) != shape(first) for config, _ in runs[1:]):
        raise ValueError(
            "configs of one program must differ only in numbers that are traced, got "
            "others, too."
        )
    kind, make = _BUILDERS[type(first)]
    return [
        program._replace(about=About(kind, seed, plain(config)))
        for (config, seed), program in zip(runs, make(runs, layout=layout), strict=True)
    ]


def build_evolution(
    runs: Sequence[tuple[EvolutionConfig, int]],
    *,
    layout: Layout | None = None,
    starts: Sequence[np.ndarray] | None = None,
) -> list[Program]:
    """`build_many` of an evolution; `starts` are as for `evolve_many`."""
    config = runs[0][0]
    named = setting(config)

    def assemble(data: Data) -> Parts:
        task = named.task(data)
        strategy = search.make(config.search, task.genome.size)
        return Parts(task, strategy, evaluator(config, task, named.score, layout))

    return evolve_many(
        assemble,
        [setting(config).data(seed) for config, seed in runs],
        [seed for _, seed in runs],
        loop=config.loop,
        fail_fitness=config.viability.mvt_fail_fitness,
        starts=starts,
    )


def build_qd(
    runs: Sequence[tuple[QDConfig, int]], *, layout: Layout | None = None
) -> list[Program]:
    """`build_many` of a quality-diversity search."""
    config = runs[0][0]
    named = setting(config)
    names = config.behaviour.descriptors
    _check_reach(config)
    describe = descriptors(names, named.env)

    def assemble(data: Data) -> QDParts:
        task = named.task(data, path=uses_path(names))
        return QDParts(task, evaluator(config, task, named.score, layout), describe)

    each = [setting(config).data(seed) for config, seed in runs]
    genome = named.task(each[0]).genome
    how = genomes.GroupMutation(sigma=config.emitter.sigma, rate=config.emitter.rate)
    mutate = genomes.mutation(genomes.MutationConfig(others=how), genome)
    return illuminate_many(
        assemble,
        search.map_elites(config.archive, config.emitter, genome.size, mutate=mutate),
        each,
        [seed for _, seed in runs],
        loop=config.loop,
        fresh=config.behaviour.lives == "fresh",
    )


def _check_reach(config: QDConfig) -> None:
    """Raises ValueError where no descriptor can be within the archive."""
    edges = zip(
        config.behaviour.descriptors,
        config.archive.low,
        config.archive.high,
        strict=True,
    )
    for name, low, high in edges:
        if low > 1 or high < 0:
            raise ValueError(
                "low must be at most 1 and high at least 0, since descriptors are in "
                f"[0, 1] and an archive beyond stays empty, got {low} to {high} for "
                f"{name}."
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
