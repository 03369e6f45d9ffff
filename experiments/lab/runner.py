"""Runs a study as a local sweep: a cell per arm and seed; see `koki2.session.sweep`.

A study that was stopped or killed goes on when it is started again: finished runs and
evaluations are read from runs_dir/NAME.
"""

import dataclasses
import json
import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, TYPE_CHECKING

import numpy as np
import tyro
from annotated_types import Ge

from experiments.lab.seeds import eval_seeds
from experiments.lab.statistics import contrasts, is_known, METRICS, Results
from experiments.lab.study import Contrast, Probe, smoke, Study
from koki2 import evolution, runlog
from koki2.evolution.configs import Config
from koki2.reports import heldout
from koki2.session import startup, sweep
from koki2.session.kinds import Kind, KINDS
from koki2.session.signals import Stop
from koki2.session.sweep_cells import Cell

if TYPE_CHECKING:  # JAX is not imported before its flags are chosen
    from koki2.evolution.judging import Judge

Extra = Callable[[Study, "Options", Results], Mapping[str, Any]]
"""(study, options, results) -> more results."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """Run an experiment and write its page."""

    smoke: bool = False
    """A minute's version: that it runs, not what it finds. Writes under runs_dir."""
    report: bool = False
    """Only write the page anew, from the values in results.json."""
    jobs: Annotated[int, Ge(1)] = 1
    """Processes; the results do not depend on how many."""
    runs_dir: pathlib.Path = pathlib.Path("runs")
    """Where run folders are made."""
    out: pathlib.Path | None = None
    """Where results and page go; none is beside the experiment (smoke: runs_dir)."""


def read_options(here: pathlib.Path, doc: str | None) -> Options:
    """Reads the command line of the experiment in folder `here`, and prepares JAX."""
    read = tyro.cli(Options, description=doc)
    out = read.out or (read.runs_dir / f"{here.name}_smoke" if read.smoke else here)
    startup.begin(None)
    startup.prepare(startup.XlaOptions(), startup.JaxOptions())
    out.mkdir(parents=True, exist_ok=True)
    return dataclasses.replace(read, out=out)


def run_study(
    study: Study,
    options: Options,
    more: Callable[[Results], Study] | None = None,
    extra: Extra | None = None,
) -> Results:
    """Runs a study, or reads what an earlier run of it left.

    Args:
      study: what to run; of a smoke, the minute's version of it is run.
      options: how.
      more: the results -> a second study that depends on them, whose arms, probes and
        contrasts are added.
      extra: measures more on the runs of the first study.

    Returns:
      The results, as `statistics` describes them; also written to results.json.
    """
    assert options.out is not None
    path = options.out / "results.json"
    if options.report:
        results = json.loads(path.read_text())
        pairs = [Contrast(c["ours"], c["theirs"]) for c in results["contrasts"]]
        results["contrasts"] = contrasts(results, pairs)
        _write(path, results)
        return results
    study = smoke(study) if options.smoke else study
    results: Results = {"arms": {}, "probes": {}, "baselines": {}}
    _run(study, options, results)
    pairs = [*study.contrasts]
    if extra is not None:
        results |= extra(study, options, results)
    if more is not None:
        _write(path, results)
        second = more(results)
        second = smoke(second) if options.smoke else second
        _run(second, options, results)
        pairs += second.contrasts
    if options.smoke:  # it has not all of the arms
        pairs = [pair for pair in pairs if all(is_known(results, n) for n in pair)]
    results["contrasts"] = contrasts(results, pairs)
    _write(path, results)
    return results


def read_genomes(
    options: Options, results: Results, arm: str, which: str | None = None
) -> list[dict[str, np.ndarray]]:
    """Reads the genomes of an arm, one per seed.

    Args:
      options: where the runs are.
      results: of `run_study`.
      arm: its name.
      which: "best" or "mean"; None is the one that counts first.
    """
    which = which or ("mean" if "mean" in results["arms"][arm] else "best")
    runs = results["arms"][arm]["runs"]
    return [runlog.read_genome(options.runs_dir / run, which) for run in runs]


def _run(study: Study, options: Options, results: Results) -> None:
    """Adds a study's arms, probes and baselines to results."""
    cells = {name: _cells(study, name) for name in study.arms}
    with Stop() as stop:
        outcomes = sweep.run_cells(
            [cell for of_arm in cells.values() for cell in of_arm],
            options.runs_dir / study.name,
            jobs=options.jobs,
            held_out=sweep.HeldOut(study.episodes, eval_seeds(study.name)),
            stop=stop,
        )
    if not all(outcome.is_done for outcome in outcomes):
        raise SystemExit(stop.code)
    for i, name in enumerate(cells):
        of_arm = outcomes[i * len(study.seeds) : (i + 1) * len(study.seeds)]
        results["arms"][name] = arm_of(of_arm, options.runs_dir, eval_seeds(study.name))
    for name, probe in study.probes.items():
        results["probes"][name] = _probe(study, options, results, probe)
    for world, (config, policies) in study.baselines.items():
        judge = evolution.judge(config)
        results["baselines"][world] = {
            policy: baseline_of(judge, policy, study.episodes, eval_seeds(study.name))
            for policy in policies
        }


def _cells(study: Study, arm: str) -> list[Cell]:
    config = study.arms[arm]
    return [
        Cell(kind=_kind(config).name, config=config, seed=seed, settings={"arm": arm})
        for seed in study.seeds
    ]


def _kind(config: Config) -> Kind:
    return next(kind for kind in KINDS.values() if kind.config is type(config))


def arm_of(
    outcomes: Sequence[sweep.Outcome], runs_dir: pathlib.Path, seeds: Sequence[int]
) -> Results:
    """Puts together what the runs of an arm came to, one per seed of a run.

    Args:
      outcomes: of its cells, evaluated.
      runs_dir: where the runs are; results name them from there.
      seeds: the eval seeds.
    """
    summaries = [outcome.summary or {} for outcome in outcomes]
    results: Results = {
        "runs": [str(outcome.path.relative_to(runs_dir)) for outcome in outcomes],
        "env_steps": [summary["env_steps"] for summary in summaries],
        "training": [_known(summary["mean_fitness"]) for summary in summaries],
    }
    for which in outcomes[0].unseen[seeds[0]]:
        results[which] = {
            str(seed): columns_of([outcome.unseen[seed][which] for outcome in outcomes])
            for seed in seeds
        }
    return results


def _probe(study: Study, options: Options, results: Results, probe: Probe) -> Results:
    """Evaluates a probe; means as those of an arm."""
    is_known = not probe.agent and probe.lesion is None
    if is_known and probe.genome is not None:  # that is evaluated already
        return results["arms"][probe.arm][probe.genome]
    config = study.arms[probe.arm]
    agent = dataclasses.replace(config.agent, **probe.agent)
    judge = evolution.judge(dataclasses.replace(config, agent=agent))
    genomes = read_genomes(options, results, probe.arm, probe.genome)
    of_seeds = list(zip(study.seeds, genomes, strict=True))

    def live(
        seed: int, genome: Mapping[str, np.ndarray], eval_seed: int
    ) -> Mapping[str, np.ndarray]:
        which = {"eval_seed": eval_seed, "episodes": study.episodes}
        if probe.lesion is None:
            return judge.genome(seed, genome, **which)
        return judge.lesioned(seed, genome, [probe.lesion], **which)[probe.lesion]

    return {
        str(eval_seed): columns_of(
            [_means(live(seed, genome, eval_seed)) for seed, genome in of_seeds]
        )
        for eval_seed in eval_seeds(study.name)
    }


def baseline_of(
    judge: "Judge", policy: str, episodes: int, seeds: Sequence[int]
) -> dict[str, float]:
    """Evaluates a policy: the metrics that are kept, means over the eval seeds."""
    which = {"episodes": episodes}
    means = [
        _means(heldout.live_baseline(judge, policy, eval_seed=eval_seed, **which)[1])
        for eval_seed in seeds
    ]
    return {name: float(np.mean(v)) for name, v in columns_of(means).items()}


def _means(figures: Mapping[str, np.ndarray]) -> dict[str, float]:
    return {
        f"mean_{name}": float(np.mean(values, dtype=np.float64))
        for name, values in figures.items()
    }


def columns_of(means: Sequence[Mapping[str, float]]) -> dict[str, list[float]]:
    """Picks the metrics that are kept, each a number per row of means."""
    kept = [name for name in METRICS if f"mean_{name}" in means[0]]
    return {name: [row[f"mean_{name}"] for row in means] for name in kept}


def _known(value: float) -> float | None:
    """A number, or None for NaN: of a generation in which no genome was viable."""
    return value if value == value else None


def _write(path: pathlib.Path, results: Results) -> None:
    path.write_text(json.dumps(results, indent=1, allow_nan=False) + "\n")
