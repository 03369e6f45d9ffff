"""E019: what gets evolution past the plateau of greedy?

Question, design, prediction and verdict stand in README.md beside this file.

    python -m experiments.e019_plateau --estimate
    python -m experiments.e019_plateau --jobs 2 [--smoke] [--report]
"""

import dataclasses
import json
import pathlib
from collections.abc import Sequence
from typing import Annotated, Any

import tyro
from annotated_types import Ge

from experiments import lab, page
from experiments.e019_plateau import chosen, curriculum
from experiments.lab import runner, sweeps
from koki2 import evolution, runlog
from koki2.envs.registry import find
from koki2.evolution.configs import EvolutionConfig
from koki2.reports import heldout
from koki2.reports.statistics import is_significant
from koki2.runlog import atomic
from koki2.session import startup
from koki2.session.printing import say
from koki2.session.sweep import HeldOut, Outcome, read_outcomes
from koki2.session.sweep_cells import Cell

HERE = pathlib.Path(__file__).parent
NAME = "e019"
EVAL_SEED, CHOICE_SEED = lab.eval_seeds(NAME)
EPISODES, CHOICE_EPISODES = 512, 256
POLICIES = ("blind", "greedy", "competent")
PRESET, LONGER, QD = "preset", "600 generations", "MAP-Elites"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """Run E019 and write its page."""

    estimate: bool = False
    """Say how long what is left takes, and run nothing."""
    smoke: bool = False
    """A minute's version: that it runs, not what it finds. Writes under runs_dir."""
    report: bool = False
    """Only write the page anew, from the values in results.json."""
    jobs: Annotated[int, Ge(1)] = 1
    """Processes, but for curricula; the results do not depend on how many."""
    runs_dir: pathlib.Path = pathlib.Path("runs")
    """Where run folders are made."""
    out: pathlib.Path | None = None
    """Where results and page go; none is beside the experiment (smoke: runs_dir)."""


def main(options: Options) -> None:
    """Runs what is left, after it has said how long that takes; writes the page."""
    smoke = options.runs_dir / f"{HERE.name}_smoke"
    out = options.out or (smoke if options.smoke else HERE)
    out.mkdir(parents=True, exist_ok=True)
    path = out / "results.json"
    if not options.report:
        steps = [step_of(options, name) for name in ("arms", "qd")]
        levels = list(dict.fromkeys(c.settings["world"] for c in steps[0].cells))
        seeds = list(dict.fromkeys(cell.seed for cell in steps[0].cells))
        _say_estimate(options, steps, levels, seeds)
        if options.estimate:
            return
        atomic.write_json(path, run(options, steps, levels, seeds))
    results = json.loads(path.read_text())
    title = "E019: what gets evolution past the plateau of greedy?"
    page.write(out, results, title=title, verdict=verdict(results))


def run(
    options: Options,
    steps: Sequence[sweeps.Step],
    levels: Sequence[str],
    seeds: Sequence[int],
) -> lab.Results:
    """Runs what is left of all arms, and puts their results together."""
    results: lab.Results = {"arms": {}, "probes": {}, "baselines": {}}
    for step in steps:
        sweeps.run_cells(step, options.jobs)
    episodes = steps[0].held_out.episodes
    which = {"eval_seed": EVAL_SEED, "episodes": episodes}
    for level in levels:
        for step in steps:
            _add_arms(results, step, level, options)
        _add_chosen(results, steps[-1], level, options, which)
        root = options.runs_dir / _name(options, "curriculum")
        paths = curriculum.run(level, seeds, root, smoke=options.smoke)
        curriculum.evaluate(level, paths, seeds, **which, smoke=options.smoke)
        config = curriculum.configs(level, smoke=options.smoke)[-1]
        cells = [Cell(kind="evo", config=config, seed=seed) for seed in seeds]
        _add(results, f"{level}/{curriculum.ARM}", cells, paths, options, which)
        judge = evolution.judge(EvolutionConfig(env=find(level).config))
        results["baselines"][level] = {
            policy: runner.baseline_of(judge, policy, episodes, (EVAL_SEED,))
            for policy in POLICIES
        }
        say(f"{level}: done")
    results["contrasts"] = lab.contrasts(results, contrasts(results))
    return results


def contrasts(results: lab.Results) -> list[lab.Contrast]:
    """Every arm to the preset and to greedy; a curriculum also to its budget."""
    pairs = []
    for arm in results["arms"]:
        level, _, name = arm.partition("/")
        pairs.append(lab.Contrast(arm, f"{level}/greedy"))
        if name != PRESET:
            pairs.append(lab.Contrast(arm, f"{level}/{PRESET}"))
        if name == curriculum.ARM and f"{level}/{LONGER}" in results["arms"]:
            pairs.append(lab.Contrast(arm, f"{level}/{LONGER}"))
    return pairs


def verdict(results: lab.Results) -> list[str]:
    """Per level: the best arm, its share of the way, and which arms beat what."""
    lines = []
    for level, baselines in results["baselines"].items():
        means = {
            arm.partition("/")[2]: float(lab.read_values(results, arm).mean())
            for arm in results["arms"]
            if arm.partition("/")[0] == level
        }
        best = max(means, key=lambda name: means[name])
        greedy, script = (baselines[p]["fitness"] for p in ("greedy", "competent"))
        share = (means[best] - greedy) / (script - greedy) if script > greedy else 0.0
        lines.append(
            f"{level}: the best arm is {best}, {means[best]:.1f}, {share:.0%} of the "
            f"way from greedy ({greedy:.1f}) to competent ({script:.1f}). "
            f"Significantly better than greedy: {_better(results, level, 'greedy')}; "
            f"than the preset: {_better(results, level, PRESET)}."
        )
    return lines


def _better(results: lab.Results, level: str, theirs: str) -> str:
    names = [
        gap["ours"].partition("/")[2]
        for gap in results["contrasts"]
        if gap["theirs"] == f"{level}/{theirs}"
        and gap["mean"] > 0
        and is_significant(gap)
    ]
    return ", ".join(names) or "none"


def step_of(options: Options, name: str) -> sweeps.Step:
    """Reads the arms of one of the sweep files, and where their runs lie."""
    return sweeps.read_step(
        HERE / f"{name}.toml",
        options.runs_dir / _name(options, name),
        HeldOut(EPISODES, (EVAL_SEED,)),
        smoke=options.smoke,
    )


def _name(options: Options, step: str) -> str:
    return f"{NAME}_{step}{'_smoke' if options.smoke else ''}"


def _say_estimate(
    options: Options,
    steps: Sequence[sweeps.Step],
    levels: Sequence[str],
    seeds: Sequence[int],
) -> None:
    for step in steps:
        say(sweeps.estimate(step, options.jobs))
    whole = sum(curriculum.seconds(n, seeds, smoke=options.smoke) for n in levels)
    say(f"curricula: about {whole / 60:.0f} min of 1 process if none is done")


def _add_arms(
    results: lab.Results, step: sweeps.Step, level: str, options: Options
) -> None:
    """Adds the arms of a sweep on a level."""
    outcomes = read_outcomes(step.cells, step.out, step.held_out)
    arms: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.cell.settings["world"] == level:
            arms.setdefault(outcome.cell.settings["label"], []).append(outcome)
    for name, of_arm in arms.items():
        found = [o._replace(unseen=_without(o.unseen, chosen.WHO)) for o in of_arm]
        arm = runner.arm_of(found, options.runs_dir, (EVAL_SEED,))
        results["arms"][f"{level}/{name}"] = arm


def _add_chosen(
    results: lab.Results,
    step: sweeps.Step,
    level: str,
    options: Options,
    which: dict[str, int],
) -> None:
    """Adds of the archives on a level the elites that are chosen by unseen episodes."""
    cells = [cell for cell in step.cells if cell.settings["world"] == level]
    outcomes = read_outcomes(cells, step.out, step.held_out)
    episodes = 16 if options.smoke else CHOICE_EPISODES
    for cell, outcome in zip(cells, outcomes, strict=True):
        on = (CHOICE_SEED, episodes)
        chosen.evaluate(outcome.path, cell.config, cell.seed, chosen_on=on, **which)
    paths = [outcome.path for outcome in outcomes]
    arm = f"{level}/{QD}, {chosen.WHO}"
    _add(results, arm, cells, paths, options, which, who=chosen.WHO)


def _add(
    results: lab.Results,
    arm: str,
    cells: Sequence[Cell],
    paths: Sequence[pathlib.Path],
    options: Options,
    which: dict[str, int],
    who: str = "mean",
) -> None:
    """Adds an arm whose evaluations lie in its run folders, those of `who`."""
    outcomes = []
    for cell, path in zip(cells, paths, strict=True):
        means = {"mean": heldout.read_means(path, **which)[who]}
        summary = runlog.read_summary(path)
        outcomes.append(Outcome(cell, path, summary, {which["eval_seed"]: means}, []))
    results["arms"][arm] = runner.arm_of(outcomes, options.runs_dir, (EVAL_SEED,))


def _without(unseen: dict[int, dict[str, Any]], who: str) -> dict[int, dict[str, Any]]:
    return {
        seed: {name: means for name, means in of_seed.items() if name != who}
        for seed, of_seed in unseen.items()
    }


if __name__ == "__main__":
    asked = tyro.cli(Options, description=__doc__)
    startup.begin(None)
    startup.prepare(startup.XlaOptions(), startup.JaxOptions())
    try:
        main(asked)
    except KeyboardInterrupt as stopped:  # in a curriculum
        raise SystemExit(130) from stopped
