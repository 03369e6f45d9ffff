"""The ladder: what evolves in every level, at its own settings, on seeds never used.

Question, design, prediction and verdict stand in README.md beside this file.

    python -m experiments.ladder --estimate
    python -m experiments.ladder --jobs 2 [--levels LEVEL ...] [--smoke]
"""

import dataclasses
import json
import pathlib
from collections.abc import Sequence
from typing import Annotated

import tyro
from annotated_types import Ge

from experiments.lab import eval_seeds, sweeps
from experiments.lab.seeds import SEARCH_SEEDS
from experiments.lab.study import small
from experiments.ladder import lives, page
from koki2 import runlog
from koki2.envs.level_settings import COMBINATION_OF
from koki2.envs.registry import LEVELS
from koki2.runlog import atomic
from koki2.session import startup, sweep_file
from koki2.session.printing import say
from koki2.session.sweep import CELLS, HeldOut
from koki2.session.sweep_cells import Cell
from koki2.session.tables import print_table

HERE = pathlib.Path(__file__).parent
NAME = "ladder"
EPISODES = 512
EVAL_SEED = eval_seeds(NAME)[0]
LADDER = tuple(name for name in LEVELS if not name.endswith("-seed"))
NO_SETTINGS = "defaults"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """Evolve in every level of the ladder, and table what came of it."""

    levels: tuple[str, ...] = ()
    """Only these are run; what is known of the others stays. None is all."""
    estimate: bool = False
    """Say how long what is left takes, and run nothing."""
    smoke: bool = False
    """A minute's version, of two levels: that it runs. Writes under runs_dir."""
    jobs: Annotated[int, Ge(1)] = 1
    """Processes; the results do not depend on how many."""
    runs_dir: pathlib.Path = pathlib.Path("runs")
    """Where run folders are made."""
    out: pathlib.Path | None = None
    """Where results go; none is beside the experiment (smoke: runs_dir)."""

    def __post_init__(self) -> None:
        if unknown := [name for name in self.levels if name not in LADDER]:
            raise ValueError(
                f"levels must be of the ladder ({', '.join(LADDER)}), got "
                f"{', '.join(unknown)}."
            )


def main(options: Options) -> None:
    """Runs what is left, level by level, after it has said how long that takes."""
    name = f"{NAME}_smoke" if options.smoke else NAME
    out = options.out or (options.runs_dir / name if options.smoke else HERE)
    root = options.runs_dir / name
    levels = options.levels or LADDER[: 2 if options.smoke else None]
    by_level = {level: cells_of(level, smoke=options.smoke) for level in levels}
    every = [cell for cells in by_level.values() for cell in cells]
    say(sweeps.estimate(sweeps.Step(every, [], root, HeldOut(0, ())), options.jobs))
    if options.estimate:
        return
    out.mkdir(parents=True, exist_ok=True)
    path = out / "results.json"
    found = json.loads(path.read_text()) if path.exists() else {}
    for level, cells in by_level.items():
        if not is_known(found.get(level, {}), cells, options.smoke):
            found[level] = live(level, cells, root, options)
        ordered = {name: found[name] for name in LADDER if name in found}
        found = lives.summary(ordered)
        atomic.write_json(path, found)
        atomic.write_json(out / "evolved.json", lives.for_page(found))
        page.write(out, found)
    show(found)


def cells_of(level: str, *, smoke: bool) -> list[Cell]:
    """The runs of a level, at its own settings."""
    seeds = list(SEARCH_SEEDS[NAME][: 2 if smoke else None])
    values = {"world": level, "loop": {"checkpoint_every": 20}, "grid": {"seed": seeds}}
    cells = sweep_file.plan(values, where=NAME).cells
    cells = [dataclasses.replace(c, settings={"world": level}) for c in cells]
    if not smoke:
        return cells
    return [dataclasses.replace(cell, config=small(cell.config)) for cell in cells]


def is_known(entry: lives.Entry, cells: Sequence[Cell], smoke: bool) -> bool:
    """Whether an entry is of these very runs and episodes."""
    now = {
        "runs": [cell.folder for cell in cells],
        "eval_seed": EVAL_SEED,
        "episodes": _episodes(smoke),
    }
    return all(entry.get(name) == value for name, value in now.items())


def live(
    level: str, cells: Sequence[Cell], root: pathlib.Path, options: Options
) -> lives.Entry:
    """Runs what is left of the runs of a level, and evaluates their mean genomes."""
    step = sweeps.Step([*cells], [], root, HeldOut(0, ()))
    outcomes = sweeps.run_cells(step, options.jobs)
    genomes = {o.cell.seed: runlog.read_genome(o.path, "mean") for o in outcomes}
    found = lives.evaluate(
        level,
        cells[0].config,
        genomes,
        eval_seed=EVAL_SEED,
        episodes=_episodes(options.smoke),
    )
    say(f"{level}: done")
    return found | {
        "settings": COMBINATION_OF.get(level, NO_SETTINGS),
        "source": f"python -m experiments.ladder, run folders {root.name}/{CELLS}",
        "runs": [cell.folder for cell in cells],
    }


def show(found: dict[str, lives.Entry]) -> None:
    """Prints a row per level, and on how many levels both baselines are beaten."""
    columns = ("level", "evolved", "lesion", "best blind", "greedy", "beats both")
    rows = [
        (
            level,
            "{mean:.1f} [{low:.1f}, {high:.1f}]".format(**each["evolved"]),
            f"{each['lesion']['mean']:.1f} {each['lesion']['name']}",
            f"{each['best_blind']['mean']:.1f} {each['best_blind']['name']}",
            f"{each['greedy']['mean']:.1f}",
            "yes" if lives.beaten(each) else "no",
        )
        for level, each in found.items()
    ]
    print_table(columns, rows)
    say(
        f"best blind and greedy are beaten on {sum(map(lives.beaten, found.values()))} "
        f"of {len(found)} levels"
    )


def _episodes(smoke: bool) -> int:
    return 16 if smoke else EPISODES


if __name__ == "__main__":
    asked = tyro.cli(Options, description=__doc__)
    startup.begin(None)
    startup.prepare(startup.XlaOptions(), startup.JaxOptions())
    main(asked)
