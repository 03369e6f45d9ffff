"""Values and contrasts out of the results of a study.

    {"arms": {ARM: {"runs": [...], "env_steps": [...], "training": [...],
                    "mean": EPISODES, "best": EPISODES}},
     "probes": {PROBE: EPISODES}, "baselines": {WORLD: {POLICY: {metric: value}}},
     "contrasts": [...]}

with EPISODES: eval seed -> metric -> one mean over unseen episodes per seed.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from experiments.lab.study import Contrast
from koki2.reports import statistics

Results = dict[str, Any]

METRICS = (
    "fitness",
    "success",
    "t_alive",
    "energy_gained",
    "bad_arrivals",
    "integrity_lost",
    "integrity_min",
    "abs_dw_mean",
)
"""The metrics that are kept, where a world has them."""


def read_values(
    results: Mapping[str, Any], name: str, metric: str = "fitness"
) -> np.ndarray:
    """Reads a metric on unseen episodes per seed, [seeds], the mean of all eval seeds.

    Args:
      results: of `run_study`.
      name: of an arm, of a probe, or of a baseline as "world/policy", whose value is
        the same for every seed.
      metric: one of `METRICS`.

    Raises:
      KeyError: nothing of that name, or no such metric.
    """
    if name in results["probes"]:
        return _mean(results["probes"][name], metric)
    if name in results["arms"]:
        arm = results["arms"][name]
        return _mean(arm["mean"] if "mean" in arm else arm["best"], metric)
    world, _, policy = name.partition("/")
    arm = next(
        arm for n, arm in results["arms"].items() if n.partition("/")[0] == world
    )
    return np.full(len(arm["runs"]), results["baselines"][world][policy][metric])


def is_known(results: Mapping[str, Any], name: str) -> bool:
    """Whether results have an arm, a probe or a baseline of that name."""
    world, _, policy = name.partition("/")
    baseline = results["baselines"].get(world, {})
    return name in results["arms"] or name in results["probes"] or policy in baseline


def contrasts(
    results: Mapping[str, Any], pairs: Sequence[Contrast]
) -> list[dict[str, Any]]:
    """Compares the fitness of all contrasts of an experiment, seed by seed.

    Args:
      results: of `run_study`.
      pairs: all of them, for their p values are corrected together.

    Returns:
      For each, `ours`, `theirs`, and that of `statistics.paired` and `with_holm`.

    Raises:
      KeyError: as `read_values`.
    """
    return statistics.with_holm([_contrast(results, pair) for pair in pairs])


def _contrast(results: Mapping[str, Any], pair: Contrast) -> dict[str, Any]:
    ours, theirs = (read_values(results, name) for name in pair)
    return {**pair._asdict(), **statistics.paired(ours, theirs)}


def _mean(episodes: Mapping[str, Mapping[str, Any]], metric: str) -> np.ndarray:
    return np.mean([by_metric[metric] for by_metric in episodes.values()], axis=0)
