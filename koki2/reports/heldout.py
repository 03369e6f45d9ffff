"""Held-out tables: unseen episodes of genomes and a baseline, as plain values.

What an evaluation found is kept in the run, for plots, one file per eval seed:

    heldout/evalseed<k>_episodes<n>.json
    {"eval_seed": k, "episodes": n, "lives": {"best": MEAN, "greedy": MEAN, ...},
     "means": {"best": {"mean_fitness": ...}, ...}}

with who lived in "lives", and for each MEAN {"mean": ..., "low": ..., "high": ...}.
"""

import math
import pathlib
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from koki2 import evolution, runlog
from koki2.evolution.configs import BEST_BLIND
from koki2.reports import metrics
from koki2.runlog import atomic, jsontext, opening

Lives = Mapping[str, Mapping[str, Any]]
"""Who lived -> metric -> one number per episode."""

Intervals = dict[int, dict[str, tuple[float, float, float]]]
"""Eval seed -> who lived -> mean, low end, high end of fitness."""

MISFIT = "the genomes should fit the run's config, but "
_FILE = re.compile(r"evalseed(\d+)_episodes(\d+)\.json")
_ENDS = ("mean", "low", "high")
_MAX_BYTES = 2**22  # of a file, which is a few thousand


def compare(lives: Lives, eval_seed: int, policy: str) -> dict[str, Any]:
    """Means of all that lived, and paired differences to a baseline.

    A difference is as `statistics.difference` makes it, with `p_holm` over all that are
    returned: of every genome, in every metric.

    Args:
      lives: of genomes, and of the baseline if there is one.
      eval_seed: which episodes.
      policy: the baseline's name.
    """
    from koki2.reports import statistics  # SciPy, which no help needs

    genomes = {name: metrics.means(x) for name, x in lives.items() if name != policy}
    found: dict[str, Any] = {"eval_seed": eval_seed, "genomes": genomes}
    found |= {"baseline": None, "differences": {}}
    if policy in lives:
        found["baseline"] = {"policy": policy, **metrics.means(lives[policy])}
        which = [(name, metric) for name in genomes for metric in lives[name]]
        gaps = statistics.with_holm(
            [statistics.difference(lives[n][m], lives[policy][m]) for n, m in which]
        )
        found["differences"] = {name: {} for name in genomes}
        for (name, metric), gap in zip(which, gaps, strict=True):
            found["differences"][name][metric] = gap
    return found


def keep(run: pathlib.Path, lives: Lives, eval_seed: int, episodes: int) -> None:
    """Puts an evaluation into a run folder, beside others on the same episodes.

    Raises:
      BrokenRunError: the file of before is none of ours.
      OSError: the disk refused.
    """
    from koki2.reports.statistics import interval

    path = _path(run, eval_seed, episodes)
    found = {name: interval(x["fitness"]) for name, x in lives.items()}
    means = {name: metrics.means(x) for name, x in lives.items()}
    opening.check_folder(path.parent)
    if opening.is_there(path):
        old = _decoded(path)
        found, means = {**old["lives"], **found}, {**old["means"], **means}
    value = {"eval_seed": eval_seed, "episodes": episodes}
    path.parent.mkdir(exist_ok=True)
    atomic.write_json(path, value | {"lives": found, "means": means})


class HeldOut(NamedTuple):
    """What evaluations a run folder holds, by eval seed."""

    intervals: Intervals
    """By who lived: mean, low end, high end of fitness."""
    episodes: dict[str, int]
    """How many; of several evaluations with one seed the largest counts."""


def read(run: pathlib.Path) -> HeldOut:
    """Reads the evaluations of a run; files of other names are left alone.

    Raises:
      BrokenRunError: a file that is not as the head of this module says.
    """
    found: dict[int, tuple[int, dict[str, Any]]] = {}
    for path in sorted((run / "heldout").glob("*.json")):
        name = _FILE.fullmatch(path.name)
        if name is None:
            continue
        seed, episodes = int(name[1]), int(name[2])
        value = _object(path)
        lives = value.get("lives")
        if not isinstance(lives, dict) or not lives:
            raise runlog.BrokenRunError(f'{path} should have an object "lives".')
        if (value.get("eval_seed"), value.get("episodes")) != (seed, episodes):
            raise runlog.BrokenRunError(
                f"{path} should be of the eval seed and episodes of its name, is of "
                f"{value.get('eval_seed')!r:.40} and {value.get('episodes')!r:.40}."
            )
        intervals = {who: _interval(lives[who], f"{path}, {who},") for who in lives}
        if episodes >= found.get(seed, (0, {}))[0]:
            found[seed] = (episodes, intervals)
    return HeldOut(
        intervals={seed: intervals for seed, (_, intervals) in found.items()},
        episodes={str(seed): episodes for seed, (episodes, _) in found.items()},
    )


def over_runs(runs: Mapping[str, HeldOut]) -> Intervals:
    """Means over runs of what each came to, and their intervals, by eval seed.

    Of fewer than three runs, and of runs that are all alike, the ends are NaN.
    """
    from koki2.reports.statistics import interval

    means: dict[int, dict[str, list[float]]] = {}
    for run in runs.values():
        for seed, lives in run.intervals.items():
            for who, (mean, _, _) in lives.items():
                if math.isfinite(mean):
                    means.setdefault(seed, {}).setdefault(who, []).append(mean)
    found: Intervals = {}
    for seed, by_who in means.items():
        for who, values in by_who.items():
            mean, low, high = (interval(values)[end] for end in _ENDS)
            if len(values) < 3 or low == high:
                low, high = math.nan, math.nan
            found.setdefault(seed, {})[who] = (mean, low, high)
    return found


def read_means(
    run: pathlib.Path, eval_seed: int, episodes: int
) -> dict[str, dict[str, float]]:
    """Reads the means of one evaluation: who lived -> mean_<metric> -> value.

    Args:
      run: the folder.
      eval_seed: which episodes.
      episodes: how many, exactly.

    Returns:
      The means; empty where there is no such evaluation.

    Raises:
      BrokenRunError: the file of it is none of ours.
    """
    path = _path(run, eval_seed, episodes)
    if not opening.is_there(path):
        return {}
    return _decoded(path)["means"]


def live(
    judge: Any,
    run: pathlib.Path,
    genomes: Iterable[str],
    seed: int,
    *,
    eval_seed: int,
    episodes: int,
) -> Lives:
    """Evaluates genomes of a run on unseen episodes.

    Args:
      judge: `evolution.judge` of the run's config.
      run: its folder.
      genomes: which of best and mean.
      seed: of the run.
      eval_seed: which episodes.
      episodes: how many.

    Raises:
      BrokenRunError: a genome that does not fit the config.
    """
    lives = {}
    for name in genomes:
        genome = runlog.read_genome(run, name)
        with runlog.raising(runlog.BrokenRunError, MISFIT):
            lives[name] = judge.genome(
                seed, genome, eval_seed=eval_seed, episodes=episodes
            )
    return lives


def live_lesioned(
    judge: Any,
    run: pathlib.Path,
    genome: str,
    seed: int,
    lesions: Iterable[str],
    *,
    eval_seed: int,
    episodes: int,
) -> Lives:
    """Evaluates a genome of a run on the same unseen episodes, under lesions.

    Args:
      judge: `evolution.judge` of the run's config.
      run: its folder.
      genome: best or mean.
      seed: of the run.
      lesions: names, as `evolution.lesions` explains them.
      eval_seed: which episodes.
      episodes: how many.

    Returns:
      Lives by lesion; and those of "intact", to which the others are compared.

    Raises:
      BrokenRunError: a genome that does not fit the config.
      InputError: a lesion of what world and agent have not.
    """
    arrays = runlog.read_genome(run, genome)
    which = {"eval_seed": eval_seed, "episodes": episodes}
    with runlog.raising(runlog.BrokenRunError, MISFIT):
        try:
            return judge.lesioned(seed, arrays, tuple(lesions), **which)
        except evolution.LesionError as error:
            raise runlog.InputError(str(error)) from error


def compare_lesions(lives: Lives) -> dict[str, Any]:
    """Means under each lesion, and what it took: intact minus lesioned, paired.

    Differences are as those of `compare`, with `p_holm` over all that are returned.

    Args:
      lives: by lesion, as `live_lesioned` returns them.

    Example:
      >>> import numpy as np
      >>> worth = lambda *values: {"fitness": np.array(values)}
      >>> lives = {"intact": worth(1.0, 1.0), "energy": worth(0.0, 0.0)}
      >>> found = compare_lesions(lives)["energy"]
      >>> found["mean_fitness"], found["differences"]["fitness"]["low"]
      (0.0, 1.0)
    """
    from koki2.reports import statistics

    intact = lives[evolution.INTACT]
    lesioned = {name: x for name, x in lives.items() if name != evolution.INTACT}
    which = [(name, metric) for name, x in lesioned.items() for metric in x]
    gaps = statistics.with_holm(
        [statistics.difference(intact[m], lesioned[name][m]) for name, m in which]
    )
    found: dict[str, dict[str, Any]] = {name: {} for name in lesioned}
    for (name, metric), gap in zip(which, gaps, strict=True):
        found[name][metric] = gap
    return {
        name: {**metrics.means(lesioned[name]), "differences": by_metric}
        for name, by_metric in found.items()
    }


def live_baseline(
    judge: Any, policy: str, *, eval_seed: int, episodes: int
) -> tuple[str, Mapping[str, Any]]:
    """Evaluates a baseline on the same unseen episodes.

    Args:
      judge: `evolution.judge` of a config.
      policy: the baseline; "blind": the best, on these very episodes, of all that see
        nothing.
      eval_seed: which episodes.
      episodes: how many.

    Returns:
      Its name, which of "blind" is that of the best; and its lives.

    Raises:
      InputError: a baseline that this world has not.
    """
    which = {"eval_seed": eval_seed, "episodes": episodes}
    if policy == BEST_BLIND:
        return best(judge.blind(**which))
    with runlog.raising(runlog.InputError):
        return policy, judge.baseline(policy, **which)


def best(lives: Lives) -> tuple[str, Mapping[str, Any]]:
    """Finds who was fittest on average; of several, the first.

    Example:
      >>> best({"stay": {"fitness": [1.0, 2.0]}, "left": {"fitness": [3.0, 2.0]}})[0]
      'left'
    """
    mean = lambda name: metrics.means(lives[name])["mean_fitness"]
    name = max(lives, key=mean)
    return name, lives[name]


def _path(run: pathlib.Path, eval_seed: int, episodes: int) -> pathlib.Path:
    return run / "heldout" / f"evalseed{eval_seed}_episodes{episodes}.json"


def _decoded(path: pathlib.Path) -> dict[str, Any]:
    value = _object(path)
    for name, needed in (("lives", "mean"), ("means", "mean_fitness")):
        by_who = value.get(name)
        if not isinstance(by_who, dict) or not all(
            _are_numbers(each, needed) for each in by_who.values()
        ):
            raise runlog.BrokenRunError(
                f'{path} should hold an evaluation, with numbers in "{name}".'
            )
    return value


def _object(path: pathlib.Path) -> dict[str, Any]:
    data = opening.read_bytes(path, limit=_MAX_BYTES)
    value = jsontext.decode(data, where=str(path))
    return value if isinstance(value, dict) else {}


def _are_numbers(value: object, needed: str) -> bool:
    if not isinstance(value, dict) or needed not in value:
        return False
    return all(map(metrics.is_number, value.values()))


def _interval(value: Any, where: str) -> tuple[float, float, float]:
    """Mean and ends of an interval; NaN for one that is not finite.

    An infinite mean is one of a genome that failed or of a world without bounds: it is
    a result, of which a picture can show nothing.
    """
    ends = [value.get(name) if isinstance(value, dict) else None for name in _ENDS]
    numbers = [float(end) for end in ends if metrics.is_number(end)]
    if len(numbers) < len(ends):
        raise runlog.BrokenRunError(
            f"{where} should have numbers {', '.join(_ENDS)}, got {value!r:.80}."
        )
    mean, low, high = (n if math.isfinite(n) else math.nan for n in numbers)
    return mean, low, high
