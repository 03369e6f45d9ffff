"""Judging: what a config evolved, and its baselines, on episodes that search never saw.

Like `build`, these functions take a config and resolve its names; they do so once, and
what they return compiles once.
"""

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from koki2.agents.configs import AgentConfig
from koki2.core.devices import moves_data
from koki2.core.numbers import Numbers, with_numbers
from koki2.envs import make as make_env
from koki2.envs.base import AnyEnv, has_map
from koki2.evolution.batch import Data
from koki2.evolution.build import setting
from koki2.evolution.configs import Config, FitnessConfig
from koki2.evolution.descriptor_catalogue import DESCRIPTORS
from koki2.evolution.descriptors import descriptors
from koki2.evolution.episode import Episode
from koki2.evolution.heldout import baseline_lives, develop_key, genome_lives, LivesOf
from koki2.evolution.lesioned import lesion_lives, LesionedLives
from koki2.evolution.lesions import lesion_names
from koki2.evolution.rollout import Layout
from koki2.evolution.task import baseline, policies_of, Task
from koki2.evolution.unseeing import blind_lives, BlindLivesOf
from koki2.evolution.watch import watch
from koki2.genomes.base import Genome

Figures = dict[str, np.ndarray]
Arrays = Mapping[str, ArrayLike]
Names = Sequence[str]
REPORTED = ("fitness", "energy_gained", "bad_arrivals", "integrity_lost")
LEARNT = ("abs_dw_mean", "abs_modulator_mean")


class Judge(NamedTuple):
    """Evaluates what a config evolves on unseen episodes; compiles once."""

    genome: Callable[..., dict[str, np.ndarray]]
    """(seed, named arrays, eval_seed=..., episodes=...) -> metric -> [E]; `seed` is of
    the run that the genome comes from."""
    baseline: Callable[..., dict[str, np.ndarray]]
    """(policy, eval_seed=..., episodes=...) -> the same."""
    policies: tuple[str, ...]
    """The policies that the world has, but for those that see nothing."""
    blind: Callable[..., dict[str, dict[str, np.ndarray]]]
    """(eval_seed=..., episodes=...) -> the same by policy, of all that see nothing."""
    lesions: Callable[[], tuple[str, ...]]
    """() -> every lesion that world and agent have."""
    lesioned: Callable[..., dict[str, dict[str, np.ndarray]]]
    """(seed, named arrays, names, eval_seed=..., episodes=...) -> the same by lesion,
    and "intact"."""


def judge(config: Config, *, layout: Layout | None = None) -> Judge:
    """Builds the judge of a config; the episodes are those of adults. See `judges`.

    Example:
      >>> from koki2.evolution import EvolutionConfig
      >>> lives = judge(EvolutionConfig()).baseline("stay", eval_seed=0, episodes=2)
      >>> lives["t_alive"].tolist()
      [128.0, 128.0]
    """
    return judges([config], layout=layout)[0]


@moves_data
def judges(configs: Sequence[Config], *, layout: Layout | None = None) -> list[Judge]:
    """Builds the judges of configs of one shape, which share what they compile.

    Args:
      configs: they differ only in numbers that are data; see `build_many`.
      layout: of the episodes.
    """
    first = configs[0]
    adult = setting(first).adult
    lives = genome_lives(adult, first.fitness, layout=layout)
    lesioned = lesion_lives(adult, first.fitness)
    world = lambda values: make_env(with_numbers(first.env, values))
    blind = blind_lives(world, first.fitness, layout=layout)

    @functools.cache
    def scripted(name: str) -> LivesOf:
        acts = functools.partial(_baseline, first.env, name)
        return baseline_lives(acts, first.fitness, layout=layout)

    shared = lives, scripted, blind, lesioned
    made = [setting(config) for config in configs]
    return [_judge(each.env, each.adult, each.data, *shared) for each in made]


def _judge(
    env: AnyEnv,
    adult: Callable[[Data], Task],
    data: Callable[[int], Data],
    lives: Callable[..., Figures],
    scripted: Callable[[str], LivesOf],
    unseeing: BlindLivesOf,
    lesion: LesionedLives,
) -> Judge:
    """Puts a judge together; `data` are of the seed of a run."""

    @moves_data
    def genome(seed: int, arrays: Arrays, *, eval_seed: int, episodes: int) -> Figures:
        genes = _genes(adult(data(seed)).genome, arrays)[None]
        found = lives(data(seed), genes, eval_seed, episodes)
        return {name: values[0] for name, values in found.items()}

    @moves_data
    def policy(name: str, *, eval_seed: int, episodes: int) -> Figures:
        baseline(env, name)  # says what is wrong before anything compiles
        return scripted(name)(data(0).numbers, eval_seed, episodes)

    @moves_data
    def blind(*, eval_seed: int, episodes: int) -> dict[str, Figures]:
        return unseeing(data(0).numbers, eval_seed, episodes)

    @moves_data
    def lesions() -> tuple[str, ...]:
        return lesion_names(adult(data(0)))

    @moves_data
    def lesioned(
        seed: int, arrays: Arrays, names: Names, *, eval_seed: int, episodes: int
    ) -> dict[str, Figures]:
        genes = _genes(adult(data(seed)).genome, arrays)
        return lesion(data(seed), genes, names, eval_seed, episodes)

    return Judge(genome, policy, policies_of(env), blind, lesions, lesioned)


def _genes(genome: Genome, arrays: Arrays) -> Float[Array, " D"]:
    """A genome's genes in a row.

    Raises:
      ValueError: the arrays are not those of such a genome, or not all finite.
    """
    genes = jnp.asarray(genome.flat(dict(arrays)))
    _check_finite(genes, "a genome's genes")
    return genes


def _check_finite(genes: ArrayLike, what: str) -> None:
    odd = int(np.sum(~np.isfinite(np.asarray(genes))))
    if odd:
        raise ValueError(
            f"{what} must be finite numbers, got {odd} that are not: what was evolved "
            "is no agent."
        )


def _baseline(env: Any, name: str, values: Numbers) -> Episode:
    return baseline(make_env(with_numbers(env, values)), name)


@moves_data
def judge_task(task: Task, fitness: FitnessConfig) -> Judge:
    """Builds the judge of a task made of objects; see `judge`. Its seed counts not."""
    alone = lambda data: task
    world = lambda numbers: task.env
    scripted = lambda name: baseline_lives(
        lambda numbers: baseline(task.env, name), fitness
    )
    return _judge(
        task.env,
        alone,
        lambda seed: Data(task.wiring, {}),
        genome_lives(alone, fitness),
        scripted,
        blind_lives(world, fitness),
        lesion_lives(alone, fitness),
    )


def evaluate_genome(
    config: Config,
    seed: int,
    genome: Arrays,
    *,
    eval_seed: int,
    episodes: int,
    agent: AgentConfig | None = None,
    layout: Layout | None = None,
) -> dict[str, np.ndarray]:
    """Evaluates one genome on unseen episodes, as an adult. For several, see `judge`.

    Args:
      config: of the run the genome comes from.
      seed: of that run; its wiring hangs on it.
      genome: named arrays, as `best_genome.npz` holds them.
      eval_seed: which episodes; unseen as long as it was not the run's.
      episodes: how many, E.
      agent: in place of the run's: eta 0 or a shuffled modulator asks whether learning
        helped. Must need the same genome.
      layout: of the episodes.

    Returns:
      The figures of `figures.report`, each [E].
    """
    if agent is not None:
        config = dataclasses.replace(config, agent=agent)
    found = judge(config, layout=layout)
    return found.genome(seed, genome, eval_seed=eval_seed, episodes=episodes)


def evaluate_baseline(
    config: Config,
    policy: str,
    *,
    eval_seed: int,
    episodes: int,
    layout: Layout | None = None,
) -> dict[str, np.ndarray]:
    """Evaluates a scripted policy on the same episodes. For several, see `judge`."""
    found = judge(config, layout=layout)
    return found.baseline(policy, eval_seed=eval_seed, episodes=episodes)


@moves_data
def named_elite(
    config: Config, seed: int, archive: Mapping[str, Any], cell: int
) -> Figures:
    """Names the arrays of the genome in a cell of an archive.

    Args:
      config: of the run.
      seed: of the run.
      archive: its archive.npz.
      cell: number of the cell.

    Raises:
      ValueError: there is no such cell, or it is empty.
    """
    cells = len(archive["filled"])
    if not 0 <= cell < cells:
        raise ValueError(f"cell must be a number from 0 to {cells - 1}, got {cell}.")
    if not archive["filled"][cell]:
        raise ValueError(f"cell {cell} is empty: no genome behaved like that.")
    named = setting(config)
    genome = named.adult(named.data(seed)).genome
    return jax.device_get(genome.named(jnp.asarray(archive["genome"][cell])))


@moves_data
def behaviours(
    config: Config,
    seed: int,
    genomes: np.ndarray,
    *,
    eval_seed: int,
    episodes: int,
    layout: Layout | None = None,
) -> Figures:
    """Measures how genomes behave in unseen episodes, as adults: means of each.

    Args:
      config: of the run they come from.
      seed: of that run; its wiring hangs on it.
      genomes: flat ones, [S, D].
      eval_seed: which episodes.
      episodes: how many, E.
      layout: of the episodes.

    Returns:
      Of each genome, [S], by name: fitness, every descriptor that this world has, and
      what else was reported of its episodes.

    Raises:
      ValueError: a gene that is not a finite number.
    """
    _check_finite(genomes, "the elites' genes")
    named = setting(config)
    on_map = has_map(named.env)
    names = tuple(n for n, d in DESCRIPTORS.items() if on_map >= d.needs_map)
    describe = descriptors(names, named.env)
    lives = genome_lives(
        lambda data: named.adult(data, path=on_map),
        config.fitness,
        more=lambda stats: dict(zip(names, describe(stats), strict=True)),
        layout=layout,
    )
    found = lives(named.data(seed), jnp.asarray(genomes), eval_seed, episodes)
    shown = REPORTED + (LEARNT if config.agent.plast_enabled else ()) + names
    return {name: np.mean(found[name], axis=1) for name in shown}


@moves_data
def watch_genome(
    config: Config,
    seed: int,
    genome: Arrays,
    *,
    eval_seed: int,
    episode: int,
) -> Figures:
    """Runs one unseen episode of a genome, as an adult, and keeps what happened.

    Args:
      config: of the run the genome comes from.
      seed: of that run.
      genome: named arrays.
      eval_seed: of the episodes.
      episode: which of them.

    Returns:
      See `watch`.

    Raises:
      NoMapError: the world has no map.
      ValueError: the genome does not fit.
    """
    named = setting(config)
    task = named.adult(named.data(seed))
    genes = _genes(task.genome, genome)
    params = task.genome.develop(develop_key(eval_seed), genes)
    return watch(task.env, task.episode, params, eval_seed=eval_seed, index=episode)


@moves_data
def watch_baseline(
    config: Config, policy: str, *, eval_seed: int, episode: int
) -> Figures:
    """The same for a scripted policy. Raises ValueError for one that there is not."""
    named = setting(config)
    acts = baseline(named.env, policy)
    return watch(named.env, acts, None, eval_seed=eval_seed, index=episode)
