"""E018: with which settings, and in which form of the senses, does evolution climb?

Question, design, prediction and verdict stand in README.md beside this file.

    python -m experiments.e018_settings screen     settings times forms, on six levels
    python -m experiments.e018_settings choose     the best four of it; levels.toml
    python -m experiments.e018_settings levels     these on all levels, five seeds
    python -m experiments.e018_settings presets    the best of each level; presets.json
    python -m experiments.e018_settings --report   the page, from results.json alone
"""

import dataclasses
import json
import pathlib
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import tyro
from annotated_types import Ge

from experiments.e018_settings import ranking, report
from experiments.lab import eval_seeds, sweeps
from experiments.lab.seeds import SEARCH_SEEDS
from koki2 import evolution
from koki2.envs.registry import find, LEVELS
from koki2.evolution.configs import EvolutionConfig
from koki2.reports import heldout
from koki2.session import startup
from koki2.session.printing import say
from koki2.session.sweep import HeldOut
from koki2.session.tables import print_table

HERE = pathlib.Path(__file__).parent
SCREEN_SEED, LEVELS_SEED = eval_seeds("e018")
HELD_OUT = {
    "screen": HeldOut(128, (SCREEN_SEED,)),
    "levels": HeldOut(512, (LEVELS_SEED,)),
}
GENERATIONS = 200
POLICIES = {
    "screen": ("random", "competent"),
    "levels": ("random", "blind", "greedy", "competent"),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """Run a step of E018, or write its page."""

    step: tyro.conf.Positional[
        Literal["screen", "choose", "levels", "presets", "none"]
    ] = "none"
    """Which step; each goes on where it stopped."""
    report: bool = False
    """Write the page anew, from results.json."""
    estimate: bool = False
    """Say how long what is left of the step takes, and run nothing."""
    smoke: bool = False
    """A minute's version: that it runs, not what it finds. Writes under runs_dir."""
    partial: bool = False
    """Choose, or preset, from the cells that are done, though others are not."""
    jobs: Annotated[int, Ge(1)] = 1
    """Processes; the results do not depend on how many."""
    runs_dir: pathlib.Path = pathlib.Path("runs")
    """Where run folders are made."""
    out: pathlib.Path | None = None
    """Where results and page go; none is beside the experiment (smoke: runs_dir)."""


def main(options: Options) -> None:
    """Runs a step."""
    if options.out is None:
        smoke = options.runs_dir / f"{HERE.name}_smoke"
        options = dataclasses.replace(options, out=smoke if options.smoke else HERE)
    if options.step in ("screen", "levels"):
        run(options)
    elif options.step == "choose":
        choose(options)
    elif options.step == "presets":
        preset(options)
    if options.report:
        report.write(_out(options), _read(options))
    if options.step == "none" and not options.report:
        raise SystemExit("a step must be given, or --report; --help explains.")


def step_of(options: Options, name: str) -> sweeps.Step:
    """Reads a step: its sweep file, which `choose` writes for the second."""
    folder = HERE if name == "screen" else _out(options)
    end = "_smoke" if options.smoke else ""
    return sweeps.read_step(
        folder / f"{name}.toml",
        options.runs_dir / f"e018_{name}{end}",
        HELD_OUT[name],
        smoke=options.smoke,
    )


def run(options: Options) -> None:
    """Runs the sweep of a step, after it has said what is left of it."""
    step = step_of(options, options.step)
    say(sweeps.estimate(step, options.jobs))
    if not options.estimate:
        sweeps.run_step(step, options.jobs)


def choose(options: Options) -> None:
    """Ranks the combinations of the screen, and writes levels.toml and results.json."""
    step, rows = _done(options, "screen")
    ranks = ranking.ranked(ranking.scores(rows))
    levels = list(dict.fromkeys(row["world"] for row in rows))
    table = [(r.name, r.mean_rank, *(r.scores[n] for n in levels)) for r in ranks]
    print_table(("combination", "mean rank", *levels), table)
    values = ranking.settings_of(step)
    chosen = {rank.name: values[rank.name] for rank in ranks[: ranking.BEST]}
    names = [name for name in LEVELS if not name.endswith("-seed")]
    text = ranking.levels_toml(
        chosen, names, SEARCH_SEEDS["e018_levels"], generations=GENERATIONS
    )
    (_out(options) / "levels.toml").write_text(text)
    _keep(options, "screen", rows, levels)


def preset(options: Options) -> None:
    """Chooses the combination of each level, and writes presets.json."""
    step, rows = _done(options, "levels")
    best, values = ranking.presets(rows), ranking.settings_of(step)
    used = dict.fromkeys(best.values())
    found = {
        "combinations": {name: ranking.level_settings(values[name]) for name in used},
        "levels": best,
    }
    (_out(options) / "presets.json").write_text(json.dumps(found, indent=1) + "\n")
    _keep(options, "levels", rows, list(best))
    print_table(("level", "combination"), list(best.items()))


def _done(options: Options, name: str) -> tuple[sweeps.Step, list[sweeps.Row]]:
    """A step and the rows of its cells.

    Raises:
      SystemExit: some are not done, and that was not asked for.
    """
    step = step_of(options, name)
    rows = sweeps.read_rows(step)
    if not rows or (len(rows) < len(step.cells) and not options.partial):
        raise SystemExit(
            f"all {len(step.cells)} cells of {step.out} must be done, got {len(rows)}; "
            "--partial takes those there are."
        )
    return step, rows


def _keep(
    options: Options, name: str, rows: Sequence[sweeps.Row], levels: Sequence[str]
) -> None:
    """Puts the rows of a step into results.json, and what baselines reach there."""
    results, held_out = _read(options), HELD_OUT[name]
    kept = results.get(name, {}).get("baselines", {})
    facts: dict[str, Any] = {"rows": list(rows), "baselines": {}}
    results[name] = facts | held_out._asdict()
    for level in levels:
        facts["baselines"][level] = kept.get(level) or _baselines(level, name)
        _write(options, results)


def _baselines(level: str, name: str) -> dict[str, float]:
    held_out = HELD_OUT[name]
    judge = evolution.judge(EvolutionConfig(env=find(level).config))
    which = {"eval_seed": held_out.eval_seeds[0], "episodes": held_out.episodes}
    lives = {p: heldout.live_baseline(judge, p, **which)[1] for p in POLICIES[name]}
    return {policy: float(found["fitness"].mean()) for policy, found in lives.items()}


def _out(options: Options) -> pathlib.Path:
    assert options.out is not None
    options.out.mkdir(parents=True, exist_ok=True)
    return options.out


def _read(options: Options) -> dict[str, Any]:
    path = _out(options) / "results.json"
    return json.loads(path.read_text()) if path.exists() else {}


def _write(options: Options, results: dict[str, Any]) -> None:
    text = json.dumps(results, indent=1, allow_nan=False)
    (_out(options) / "results.json").write_text(text + "\n")


if __name__ == "__main__":
    asked = tyro.cli(Options, description=__doc__)
    startup.begin(None)
    startup.prepare(startup.XlaOptions(), startup.JaxOptions())
    main(asked)
