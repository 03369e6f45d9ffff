"""What the genomes of one arm lose without the sense that their level asks for.

The arm is that of 600 generations, the best or nearly so on every level. Its runs must
be there (`python -m experiments.e019_plateau`).

    python -m experiments.e019_plateau.lesions
"""

import dataclasses
import pathlib

import tyro

from experiments.e019_plateau.__main__ import (
    EPISODES,
    EVAL_SEED,
    HERE,
    LONGER,
    Options,
    step_of,
)
from experiments.ladder import lives
from koki2 import runlog
from koki2.reports import statistics
from koki2.runlog import atomic
from koki2.session import startup
from koki2.session.printing import say
from koki2.session.sweep import read_outcomes


@dataclasses.dataclass(frozen=True, kw_only=True)
class LesionOptions:
    """Where the runs are."""

    runs_dir: pathlib.Path = pathlib.Path("runs")
    """Where run folders were made."""


def main(options: LesionOptions) -> None:
    """Evaluates the arm under lesions, and writes lesions.json and lesions.md."""
    step = step_of(Options(runs_dir=options.runs_dir), "arms")
    cells = [cell for cell in step.cells if cell.settings["label"] == LONGER]
    found: dict[str, lives.Entry] = {}
    for level in dict.fromkeys(cell.settings["world"] for cell in cells):
        own = [cell for cell in cells if cell.settings["world"] == level]
        outcomes = read_outcomes(own, step.out, step.held_out)
        genomes = {o.cell.seed: runlog.read_genome(o.path, "mean") for o in outcomes}
        found[level] = lives.evaluate(
            level, own[0].config, genomes, eval_seed=EVAL_SEED, episodes=EPISODES
        )
        say(f"{level}: done")
    found = lives.summary(found)
    atomic.write_json(HERE / "lesions.json", found)
    (HERE / "lesions.md").write_text("\n".join(_table(found)) + "\n")


def _table(found: dict[str, lives.Entry]) -> list[str]:
    lines = [
        f"# E019: {LONGER}, under lesions",
        "",
        "What the same genomes lose without a sense, at zero and with what it told in "
        "another life; in bold what is significant after Holm over all of these.",
        "",
        "| level | intact | best blind | sense | at zero | another life's |",
        "|---|---|---|---|---|---|",
    ]
    for level, each in found.items():
        intact = "{mean:.1f} [{low:.1f}, {high:.1f}]".format(**each["evolved"])
        blind = f"{each['best_blind']['mean']:.1f} {each['best_blind']['name']}"
        for sense in [name for name in each["costs"] if not name.endswith("@other")]:
            gaps = [_gap(each["costs"][f"{sense}{end}"]) for end in ("", "@other")]
            lines.append(
                f"| {level} | {intact} | {blind} | {sense} | {' | '.join(gaps)} |"
            )
    return lines


def _gap(gap: dict[str, float]) -> str:
    text = "{mean:+.1f} [{low:+.1f}, {high:+.1f}]".format(**gap)
    return f"**{text}**" if statistics.is_significant(gap) else text


if __name__ == "__main__":
    asked = tyro.cli(LesionOptions, description=__doc__)
    startup.begin(None)
    startup.prepare(startup.XlaOptions(), startup.JaxOptions())
    main(asked)
