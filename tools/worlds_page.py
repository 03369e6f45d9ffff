"""Writes docs/worlds.md: a table of all levels, then what each asks, with a film.

What a world asks is what its module says of it; the figures of baselines are of 512
episodes of eval seed 0; what was evolved is what the ladder's experiment left (see
tools/worlds_table.py); the film is a competent episode of middling fitness. Figures of
baselines are kept in docs/worlds/baselines.json, so that one level can be done again
alone.

python tools/worlds_page.py                              all levels
python tools/worlds_page.py --levels obstacles-l1.2      one, the others stay
python tools/worlds_page.py --no-evaluate --no-films     what is kept, written again
"""

import dataclasses
import importlib
import inspect
import pathlib
import re
import sys
import textwrap
from collections.abc import Mapping

import tyro

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from koki2 import evolution, pictures  # noqa: E402
from koki2.envs.registry import find, Level, LEVELS, make, WORLDS  # noqa: E402
from koki2.reports import statistics  # noqa: E402
from tools import worlds_baselines, worlds_table  # noqa: E402
from tools.worlds_baselines import Record, SEED  # noqa: E402

COLUMNS = {
    "fitness": "mean fitness",
    "t_alive": "steps alive",
    "energy_gained": "energy gained",
    "integrity_lost": "integrity lost",
}
PUBLISHED = {
    "chemotaxis-l0.2-seed": "seed 002 published greedy 154.9092 and random 133.9463 at "
    "eval seed 424242 and greedy 153.7236 at eval seed 0, to which a test holds them, "
    "and E001 and E005 evolve there",
    "chemotaxis-l1.0-seed": "E002 evolves there, and its report has the figures",
    "chemotaxis-l1.1-seed": "E002 evolves there, and its report has the figures",
}
WIDTH = 120  # letters of a line of prose
HEAD = """# The worlds

A ladder: each level asks for something that the ones below do not. `koki2 worlds` lists
them, `koki2 evo WORLD` evolves agents in one, `koki2 watch WORLD --policy P` films a
baseline in it.

{table}

Mean fitness of episodes by which nothing was evolved or chosen:

* Baselines live the same 512 episodes each (`koki2 baseline WORLD --policy P --episodes
  512`). *Blind* policies see nothing: *stay*, *up*, *down*, *left*, *right* for ever,
  *sweep* row by row, *sweep-columns*, and *spiral*; the table has the one that is best
  on these very episodes. *Random* acts at random; *greedy* follows the first gradient
  it senses; *competent* is a script that does what the world asks for, by the senses
  alone.
* The *ceiling* is the best score known, with whose it is. Often it is that of the
  *planner*, which knows the whole truth and goes for what pays most per step of the
  way; it does not look further ahead, so others may be better. Of evolved agents those
  of the best seed count.
* *Evolved* is the mean over seeds, with its 95% interval, of agents evolved with the
  settings of the last column; *under lesion* are the very same agents without the sense
  that the level asks for, at zero or with what it told in another life, whichever cost
  them less ([probes](probe.md)).
* The levels called `-seed` are those of seed 002 in which walking blindly beats
  following the gradient. They are kept for what was published in them, and are no rungs
  of the ladder.

Intervals and p are those of [the house](decisions/0012-intervals.md). The films show a
competent episode of middling fitness: of the middle third of the first 64, the one in
which most happens. This page is written by `python tools/worlds_page.py`.
"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """Writes docs/worlds.md and the films beside it."""

    levels: tuple[str, ...] = ()
    """Only these are done again; the others stay as they are. None is all."""
    evaluate: bool = True
    """Whether to evaluate baselines anew; else only those that are not kept."""
    films: bool = True
    """Whether to make the films anew."""
    evolved: pathlib.Path = ROOT / "experiments" / "ladder" / "evolved.json"
    """What was evolved; where there is no such file, nothing was yet."""
    out: pathlib.Path = ROOT / "docs"
    """Where to: the folder of worlds.md."""
    steps_max: int = 160
    """Steps of a film at most."""
    kilobytes: int = 400
    """Size of a film at most; one that is larger is cut."""


def main(options: Options) -> None:
    """Evaluates, films, writes."""
    kept = options.out / "worlds" / "baselines.json"
    records = worlds_baselines.read(kept)
    evolved = worlds_table.read_evolved(options.evolved)
    for level in [find(name) for name in options.levels or LEVELS]:
        if options.evaluate or level.name not in records:
            records[level.name] = worlds_baselines.evaluate(level)
            worlds_baselines.write(kept, in_order(records))
        if options.films and level.name not in PUBLISHED:
            film(level, records[level.name]["film"], options)
        print(f"{level.name}: done", flush=True)
    page = whole(in_order(records), evolved)
    (options.out / "worlds.md").write_text(page)


def in_order(records: Mapping[str, Record]) -> dict[str, Record]:
    """The records of levels that there are, in the order of the ladder."""
    return {name: records[name] for name in LEVELS if name in records}


def whole(
    records: Mapping[str, Record], evolved: Mapping[str, worlds_table.Evolved]
) -> str:
    """The page: a table of all levels, and a section of each."""
    head = HEAD.format(table=worlds_table.table(records, evolved))
    sections = [section(LEVELS[name], record) for name, record in records.items()]
    return "\n".join(part.rstrip() + "\n" for part in (head, *sections))


def section(level: Level, record: Record) -> str:
    """What the page says of one level."""
    env = make(level.config)
    lines = [
        f"## {level.name}",
        "",
        f"*{level.summary[:1].upper()}{level.summary[1:]}.*",
    ]
    is_seed = level.name in PUBLISHED
    first = next(n for n in LEVELS.values() if type(n.config) is type(level.config))
    if first.name == level.name:
        module = importlib.import_module(f"koki2.envs.{level.config.world}")
        lines += ["", textwrap.fill(asks(inspect.getdoc(module) or ""), WIDTH)]
    if is_seed:
        lines += ["", textwrap.fill(_is_kept_for(level, record), WIDTH)]
    plain = dataclasses.asdict(WORLDS.find(level.config.world).config)
    values = dataclasses.asdict(level.config)
    knobs = {name: value for name, value in values.items() if value != plain[name]}
    if knobs:
        said = ", ".join(f"`{name}` {value}" for name, value in knobs.items())
        lines += ["", textwrap.fill(f"Knobs of {level.config.world}: {said}.", WIDTH)]
    size = "x".join(map(str, env.size))
    needs = " and ".join(env.needs)
    lines += ["", f"A map of {size} cells; {env.steps} steps; to keep up: {needs}.", ""]
    lines += [*table(record), ""]
    if not is_seed:
        lines += [separates(record), ""]
        lines += [f"![A competent episode in {level.name}](worlds/{level.name}.gif)"]
    return "\n".join(lines).rstrip() + "\n"


def asks(text: str) -> str:
    """Of a module's docstring its first sentence, without the name, and its story.

    Example:
      >>> asks("Ice (L9): slippery.\\n\\nOne slides\\non.\\n\\nCells are (x, y).")
      'Slippery. One slides on.'
    """
    head, *rest = re.split(r"\n\s*\n", text.strip())
    head = " ".join(head.partition(": ")[2].split() or head.split())
    story = " ".join(rest[0].split()) if rest else ""
    return f"{head[:1].upper()}{head[1:]} {story}".strip()


def table(record: Record) -> list[str]:
    """A row for each policy; of those that see nothing stay, the best, and sweep."""
    best, policies = record["best_blind"], record["policies"]
    shown = dict.fromkeys(["stay", "random", best, "sweep", *worlds_baselines.SCRIPTED])
    names = [name for name in COLUMNS if any(policies[p][name] for p in shown)]
    lines = [
        "| policy | " + " | ".join(COLUMNS[name] for name in names) + " |",
        "|---" * (len(names) + 1) + "|",
    ]
    for policy in shown:
        means = policies[policy]
        cells = [f"{means[name]:.2f}" for name in names]
        cells[0] += f" [{means['low']:.1f}, {means['high']:.1f}]"
        label = f"{policy} (best blind)" if policy == best else policy
        lines.append(f"| {label} | " + " | ".join(cells) + " |")
    return lines


def separates(record: Record) -> str:
    """What tells the policies apart by episode, and which part of fitness it is."""
    lines = ["What separates them, paired episode by episode:", ""]
    for gap in record["gaps"]:
        better, worse = gap["better"], gap["worse"]
        if gap["mean"] == gap["low"] == gap["high"] == 0:
            lines.append(f"- {better} lives as {worse} does.")
            continue
        parts = [
            f"{value:+.1f} {part}"
            for part, value in gap["parts"].items()
            if abs(value) >= 0.05
        ]
        places = 1 if abs(gap["mean"]) >= 0.5 else 2
        mean, low, high = (f"{gap[n]:.{places}f}" for n in ("mean", "low", "high"))
        sign = "+" if gap["mean"] > 0 else ""
        lines.append(
            f"- {better} - {worse}: {sign}{mean} [{low}, {high}], "
            f"Holm {statistics.p_text(gap['p_holm'])}"
            + (f" ({', '.join(parts)})" if parts else "")
        )
    return "\n".join(lines)


def film(level: Level, episode: int, options: Options) -> None:
    """A competent episode, cut to what a page can bear."""
    life = evolution.watch_baseline(
        worlds_baselines.config_of(level), "competent", eval_seed=SEED, episode=episode
    )
    path = options.out / "worlds" / f"{level.name}.gif"
    title = f"{level.name}: competent, episode {episode} of seed {SEED}"
    steps, most = options.steps_max, 1000 * options.kilobytes
    while True:
        drawn = pictures.life_film(life, title=title, steps_max=steps)
        frames = pictures.save_gif(drawn, path, hold=2.0)
        size = path.stat().st_size
        if size <= most or frames <= 2:
            return
        steps = min(frames - 2, int(0.97 * (frames - 1) * most / size))


def _is_kept_for(level: Level, record: Record) -> str:
    best = record["best_blind"]
    mean = lambda name: f"{record['policies'][name]['fitness']:.1f}"
    return (
        f"Kept bit for bit for what was published in it: {PUBLISHED[level.name]}. No "
        f"rung of the ladder, for *{best}*, which sees nothing, comes to {mean(best)}, "
        f"and following the gradient to {mean('greedy')}: a high figure here does not "
        "show that a sense is used."
    )


if __name__ == "__main__":
    main(tyro.cli(Options))
