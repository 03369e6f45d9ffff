"""Held-out evaluation: genomes and baselines on the same unseen lives, paired.

Life i of an eval seed has the key `split(key(eval_seed), episodes)[i]`, whoever lives
it. What is compared is therefore the difference within each life, and its interval is
a bootstrap over lives.
"""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import scipy.stats

from koki2.agents.configs import AgentConfig
from koki2.agents.topology import as_data
from koki2.core.keys import episode_keys, Stream, stream
from koki2.evolution.configs import Config
from koki2.evolution.measures import reports
from koki2.evolution.nursing import adult
from koki2.evolution.rollout import Layout, rollout
from koki2.evolution.task import baseline, task, wiring

RESAMPLES = 9999
LEVEL = 0.95


def evaluate_genome(
    config: Config,
    seed: int,
    genome: dict[str, np.ndarray],
    *,
    eval_seed: int,
    episodes: int,
    agent: AgentConfig | None = None,
    layout: Layout | None = None,
) -> dict[str, np.ndarray]:
    """Lives a genome through unseen lives, as an adult: whatever nursed the run is off.

    Args:
      config: of the run the genome comes from.
      seed: of that run; its wiring hangs on it.
      genome: named arrays, as `best_genome.npz` holds them.
      eval_seed: which lives; unseen as long as it was not the run's.
      episodes: how many, E.
      agent: in place of the run's: eta 0 or a shuffled modulator asks whether learning
        helped. Must need the same genome.
      layout: of the lives.

    Returns:
      The figures of `measures.report`, each [E].
    """
    config = adult(config)
    if agent is not None:
        config = dataclasses.replace(config, agent=agent)
    topology = wiring(config, seed)
    genes = task(config, topology).genome.flat(genome)
    data = jax.tree.map(lambda x: x[0], as_data([topology], multiple=8))
    key = stream(jax.random.key(eval_seed), Stream.DEVELOP)
    lives = _genome_lives(config, layout)
    return jax.device_get(lives(data, key, episode_keys(eval_seed, episodes), genes))


@functools.lru_cache(maxsize=32)
def _genome_lives(config: Config, layout: Layout | None):
    """Compiled once for genomes of any run: their wiring is data."""

    def lives(wired, key, keys, genes):
        parts = task(config, jax.tree.map(jnp.asarray, wired))
        params = parts.genome.develop(key, genes)
        many = jax.tree.map(lambda x: x[None], params)
        stats = rollout(parts.episode, keys, many, layout=layout)
        return reports(config.fitness, jax.tree.map(lambda x: x[0], stats))

    return jax.jit(lives)


def evaluate_baseline(
    config: Config,
    policy: str,
    *,
    eval_seed: int,
    episodes: int,
    layout: Layout | None = None,
) -> dict[str, np.ndarray]:
    """The same for a scripted policy: greedy, random, stay or oracle.

    Example:
      >>> from koki2.evolution import EvolutionConfig
      >>> lives = evaluate_baseline(EvolutionConfig(), "stay", eval_seed=0, episodes=2)
      >>> lives["t_alive"].tolist()
      [128.0, 128.0]
    """
    lives = _baseline_lives(config, policy, layout)
    return jax.device_get(lives(episode_keys(eval_seed, episodes)))


@functools.lru_cache(maxsize=32)
def _baseline_lives(config: Config, policy: str, layout: Layout | None):
    life = baseline(config, policy)

    def lives(keys):
        stats = rollout(life, keys, None, layout=layout)
        return reports(config.fitness, jax.tree.map(lambda x: x[0], stats))

    return jax.jit(lives)


def interval(values: np.ndarray) -> dict[str, float]:
    """Mean over lives and its 95% bootstrap interval (percentiles, fixed resampling).

    Example:
      >>> interval(np.array([1.0, 1.0, 1.0]))["low"]
      1.0
    """
    values = np.asarray(values, np.float64)
    mean = float(np.mean(values))
    out = {"mean": mean, "low": mean, "high": mean, "level": LEVEL}
    if values.size > 1 and np.ptp(values) > 0:
        drawn = scipy.stats.bootstrap(
            (values,),
            np.mean,
            n_resamples=RESAMPLES,
            confidence_level=LEVEL,
            method="percentile",
            batch=256,
            rng=np.random.default_rng(0),
        ).confidence_interval
        out |= {"low": float(drawn.low), "high": float(drawn.high)}
    return out


def difference(ours: np.ndarray, theirs: np.ndarray) -> dict[str, float]:
    """`interval` of the paired difference ours - theirs, life by life.

    Raises:
      ValueError: if the two do not have the same number of lives.
    """
    if len(ours) != len(theirs):
        raise ValueError(
            "a paired difference needs the same lives on both sides, "
            f"got {len(ours)} and {len(theirs)}."
        )
    return interval(np.asarray(ours, np.float64) - np.asarray(theirs, np.float64))
