"""`koki2 eval-run`: the genomes of a run on lives that search never saw.

What it finds it also leaves in the run, for `koki2 plot`, one file per evaluation:

    heldout/evalseed<k>_episodes<n>.json
"""

import dataclasses
import pathlib
import shlex
import sys
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from annotated_types import Ge, MinLen

from koki2 import evolution, runlog
from koki2.cli import metrics, output, settings
from koki2.cli.seeds import Seeds
from koki2.evolution.configs import Config, POLICIES, QDConfig
from koki2.runlog import atomic, jsontext

Lives = dict[str, dict[str, Any]]  # who lived -> metric -> one number per life


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
    baseline_policy: Literal[*POLICIES, "none"] = "greedy"
    """What to compare with."""
    genome: Literal["best", "mean", "both"] = "both"
    """Best of training, centre of the search, or both; of an archive, its best."""
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
            f"koki2 resume {shlex.quote(str(options.run_dir))}"
        )
    if options.override_plast_eta is not None and not config.agent.plast_enabled:
        print("koki2 eval-run: this run's agents do not learn at all", file=sys.stderr)
    names = _genomes(options, config)
    genomes = {name: runlog.read_genome(options.run_dir, name) for name in names}
    found = []
    for eval_seed in options.seed:
        lives = _live(options, config, seed, genomes, eval_seed)
        found.append(_judge(options, lives, eval_seed))
        if options.override_plast_eta is None:
            _leave(options, lives, eval_seed)
        if not options.json:
            _print(options, found[-1])
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


def _genomes(options: Options, config: Config) -> tuple[str, ...]:
    """Which genomes are judged; an archive has a best, but no centre."""
    if isinstance(config, QDConfig):
        if options.genome == "mean":
            raise runlog.InputError(
                f"--genome mean wants a run of evolution; {options.run_dir} has an "
                "archive, which has no centre."
            )
        return ("best",)
    return ("best", "mean") if options.genome == "both" else (options.genome,)


def _live(
    options: Options,
    config: Config,
    seed: int,
    genomes: Mapping[str, dict[str, Any]],
    eval_seed: int,
) -> Lives:
    """The genomes' lives, and the baseline's if one is wanted."""
    which = {"eval_seed": eval_seed, "episodes": options.episodes}
    agent = config.agent
    if options.override_plast_eta is not None:
        agent = dataclasses.replace(agent, plast_eta=options.override_plast_eta)
    try:
        lives = {
            name: evolution.evaluate_genome(config, seed, genome, agent=agent, **which)
            for name, genome in genomes.items()
        }
    except ValueError as error:
        raise runlog.BrokenRunError(
            f"the genomes of {options.run_dir} should fit its config, but {error}"
        ) from error
    policy = options.baseline_policy
    if policy != "none":
        try:
            lives[policy] = evolution.evaluate_baseline(config, policy, **which)
        except ValueError as error:  # greedy, where there is no map
            raise runlog.InputError(str(error)) from error
    return lives


def _judge(options: Options, lives: Lives, eval_seed: int) -> dict[str, Any]:
    """Means and paired differences, in plain values."""
    policy = options.baseline_policy
    genomes = {name: metrics.means(x) for name, x in lives.items() if name != policy}
    found = {"eval_seed": eval_seed, "genomes": genomes}
    found |= {"baseline": None, "differences": {}}
    if policy in lives:
        found["baseline"] = {"policy": policy, **metrics.means(lives[policy])}
        found["differences"] = {
            name: {
                metric: evolution.difference(lives[name][metric], lives[policy][metric])
                for metric in lives[name]
            }
            for name in genomes
        }
    return found


def _leave(options: Options, lives: Lives, eval_seed: int) -> None:
    """Puts an evaluation into the run folder, beside others on the same lives."""
    folder = options.run_dir / "heldout"
    path = folder / f"evalseed{eval_seed}_episodes{options.episodes}.json"
    found = {name: evolution.interval(x["fitness"]) for name, x in lives.items()}
    means = {name: metrics.means(x) for name, x in lives.items()}
    if path.exists():
        old = jsontext.decode(path.read_bytes(), where=str(path))
        if not isinstance(old, dict) or not {"lives", "means"} <= old.keys():
            raise runlog.BrokenRunError(f"{path} should hold an evaluation.")
        found, means = {**old["lives"], **found}, {**old["means"], **means}
    value = {"eval_seed": eval_seed, "episodes": options.episodes}
    try:
        folder.mkdir(exist_ok=True)
        atomic.write_json(path, value | {"lives": found, "means": means})
    except OSError as error:  # a run of somebody else's may be judged all the same
        print(f"koki2 eval-run: not kept for koki2 plot: {error}", file=sys.stderr)


def _print(options: Options, evaluation: dict[str, Any]) -> None:
    policy, baseline = options.baseline_policy, evaluation["baseline"]
    genomes, differences = evaluation["genomes"], evaluation["differences"]
    columns = ["metric", *genomes, *([policy] if baseline else [])]
    for name in differences:
        columns += [f"{name} - {policy}", "95% interval"]
    rows = []
    for mean in next(iter(genomes.values())):
        row = [mean, *(genome[mean] for genome in genomes.values())]
        row += [baseline.get(mean)] if baseline else []
        for found in (d[mean.removeprefix("mean_")] for d in differences.values()):
            low, high = output.text(found["low"]), output.text(found["high"])
            row += [found["mean"], f"[{low}, {high}]"]
        rows.append(row)
    print(f"{options.episodes} unseen lives, evaluation seed {evaluation['eval_seed']}")
    output.print_table(columns, rows)
