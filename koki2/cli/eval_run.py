"""`koki2 eval-run`: the genomes of a run on lives that search never saw."""

import dataclasses
import pathlib
import sys
from typing import Annotated, Any, Literal

from annotated_types import Ge, MinLen

from koki2 import evolution, runlog
from koki2.cli import metrics, output, settings
from koki2.cli.seeds import Seeds


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """Judge the genomes of a run on unseen lives, beside a baseline.

    Agents and baseline live the same lives, so their difference is a paired one; it is
    shown with its 95% bootstrap interval.
    """

    run_dir: pathlib.Path
    """The run folder."""
    episodes: Annotated[int, Ge(1)] = 64
    """Lives per seed."""
    seed: Annotated[Seeds, MinLen(1)] = (0,)
    """Which lives; several seeds are reported one by one."""
    baseline_policy: Literal["greedy", "random", "stay", "oracle", "none"] = "greedy"
    """What to compare with."""
    genome: Literal["best", "mean", "both"] = "both"
    """Best of training, centre of the search, or both."""
    override_plast_eta: float | None = None
    """Another learning rate within life; 0 asks whether learning helps at all."""
    json: bool = False
    """Print one JSON object instead of tables."""


def run(options: Options) -> int:
    """Evaluates."""
    config, seed = settings.of_run(options.run_dir)
    if runlog.read_summary(options.run_dir) is None:
        raise runlog.InputError(
            f"{options.run_dir} has no genomes yet, as it is not complete: "
            f"koki2 resume {options.run_dir}"
        )
    if options.override_plast_eta is not None and not config.agent.plast_enabled:
        print("koki2 eval-run: this run's agents do not learn at all", file=sys.stderr)
    which = ("best", "mean") if options.genome == "both" else (options.genome,)
    genomes = {name: runlog.read_genome(options.run_dir, name) for name in which}
    try:
        found = [_evaluate(options, config, seed, genomes, s) for s in options.seed]
    except ValueError as error:
        raise runlog.BrokenRunError(
            f"the genomes of {options.run_dir} should fit its config, but {error}"
        ) from error
    if options.json:
        output.print_json(
            {
                "run": str(options.run_dir),
                "seed": seed,
                "episodes": options.episodes,
                "plast_eta": options.override_plast_eta,
                "evaluations": found,
            }
        )
        return 0
    for evaluation in found:
        _print(options, evaluation)
    return 0


def _evaluate(options, config, seed, genomes, eval_seed) -> dict[str, Any]:
    """All that is reported for one evaluation seed, in plain values."""
    common = {"eval_seed": eval_seed, "episodes": options.episodes}
    ours = {
        name: evolution.evaluate_genome(
            config, seed, genome, plast_eta=options.override_plast_eta, **common
        )
        for name, genome in genomes.items()
    }
    found = {
        "eval_seed": eval_seed,
        "genomes": {name: metrics.means(lives) for name, lives in ours.items()},
        "baseline": None,
        "differences": {},
    }
    policy = options.baseline_policy
    if policy != "none":
        theirs = evolution.evaluate_baseline(config, policy, **common)
        found["baseline"] = {"policy": policy, **metrics.means(theirs)}
        found["differences"] = {
            name: {
                metric: _plain(evolution.difference(lives[metric], theirs[metric]))
                for metric in metrics.METRICS
                if metric in lives and metric in theirs
            }
            for name, lives in ours.items()
        }
    return found


def _plain(interval: dict[str, Any]) -> dict[str, float]:
    return {name: float(value) for name, value in interval.items()}


def _print(options: Options, evaluation: dict[str, Any]) -> None:
    policy, baseline = options.baseline_policy, evaluation["baseline"]
    columns = ["metric", *evaluation["genomes"]]
    if baseline is not None:
        columns += [policy]
        for name in evaluation["genomes"]:
            columns += [f"{name} - {policy}", "95% interval"]
    rows = []
    for metric in next(iter(evaluation["genomes"].values())):
        row = [metric, *(g[metric] for g in evaluation["genomes"].values())]
        if baseline is not None:
            row.append(baseline.get(metric))
            for name in evaluation["genomes"]:
                found = evaluation["differences"][name].get(metric[len("mean_") :])
                ends = map(output.text, (found["low"], found["high"])) if found else ()
                row += (
                    [found and found["mean"], "[{}, {}]".format(*ends)]
                    if (found)
                    else [None, None]
                )
        rows.append(row)
    print(f"{options.episodes} unseen lives, evaluation seed {evaluation['eval_seed']}")
    output.print_table(columns, rows)
