"""Writes docs/worlds.md: every world with a map, what it asks, who can live in it.

What a world asks is what its module says of it; the figures are 512 episodes of each
baseline at eval seed 0; the film is a competent episode of middling fitness. All of it
comes from the code alone, so the page is the same again until a world changes.

python tools/worlds_page.py                              all levels
python tools/worlds_page.py --levels obstacles-l1.2      one, the others stay
"""

import dataclasses
import importlib
import inspect
import pathlib
import re
import sys
import textwrap
from collections.abc import Mapping

import numpy as np
import tyro

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from koki2 import evolution, pictures  # noqa: E402
from koki2.envs.base import has_map  # noqa: E402
from koki2.envs.registry import find, Level, LEVELS, make, WORLDS  # noqa: E402
from koki2.reports import statistics  # noqa: E402

POLICIES = ("stay", "random", "greedy", "competent", "oracle")
LIVES, SEED, FIRST = 512, 0, 64
COLUMNS = {
    "fitness": "mean fitness",
    "t_alive": "steps alive",
    "energy_gained": "energy gained",
    "integrity_lost": "integrity lost",
}
PAIRS = (("greedy", "random"), ("competent", "greedy"), ("oracle", "competent"))
WIDTH = 120  # letters of a line of prose
HEAD = """# The worlds

A ladder: each asks for something that the ones below do not. `koki2 worlds` lists them,
`koki2 evo WORLD` evolves agents in one, `koki2 watch WORLD --policy P` films a baseline
in it.

{contents}

The tables hold means over 512 unseen episodes of each baseline, the same for all,
with 95% intervals (`koki2 baseline WORLD --policy P --episodes 512`). *stay*
never moves and *random* acts at random; *greedy* follows the first gradient it senses;
*competent* is a script that does what the world asks for, by the senses alone; *oracle*
knows the whole truth, and is no ceiling where it plans badly. The films show a
competent episode of middling fitness: of the middle third of the first 64, the one in
which most happens. This page is written by `python tools/worlds_page.py`.
"""

Lives = Mapping[str, Mapping[str, np.ndarray]]  # by policy, by figure, [E]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """Writes docs/worlds.md and the films beside it."""

    levels: tuple[str, ...] = ()
    """Only these; the others stay as they are. None is all that have a map."""
    films: bool = True
    """Whether to make the films anew."""
    out: pathlib.Path = ROOT / "docs"
    """Where to: the folder of worlds.md."""
    steps_max: int = 160
    """Steps of a film at most."""
    kilobytes: int = 400
    """Size of a film at most; one that is larger is cut."""


def main(options: Options) -> None:
    """Evaluates, films, writes."""
    page = options.out / "worlds.md"
    (options.out / "worlds").mkdir(parents=True, exist_ok=True)
    sections = read(page.read_text()) if page.exists() else {}
    wanted = [find(name) for name in options.levels or LEVELS]
    for level in wanted:
        if not has_map(make(level.config)):
            continue
        config = config_of(level)
        lives = {
            policy: evolution.evaluate_baseline(
                config, policy, eval_seed=SEED, episodes=LIVES
            )
            for policy in POLICIES
        }
        sections[level.name] = section(level, lives, config.fitness)
        if options.films:
            film(level, typical(lives["competent"]), options)
        page.write_text(whole(sections))
        print(f"{level.name}: done", flush=True)


def config_of(level: Level) -> evolution.EvolutionConfig:
    """The config that `koki2 baseline LEVEL` would use."""
    config = evolution.EvolutionConfig(env=level.config)
    groups = {
        name: dataclasses.replace(getattr(config, name), **values)
        for name, values in level.settings.items()
        if hasattr(config, name)
    }
    return dataclasses.replace(config, **groups)


def section(level: Level, lives: Lives, fitness) -> str:
    """What the page says of one level."""
    env = make(level.config)
    lines = [
        f"## {level.name}",
        "",
        f"*{level.summary[:1].upper()}{level.summary[1:]}.*",
    ]
    first = next(n for n in LEVELS.values() if type(n.config) is type(level.config))
    if first.name == level.name:
        module = importlib.import_module(f"koki2.envs.{level.config.world}")
        lines += ["", textwrap.fill(asks(inspect.getdoc(module) or ""), WIDTH)]
    plain = dataclasses.asdict(WORLDS.find(level.config.world).config)
    values = dataclasses.asdict(level.config)
    knobs = {name: value for name, value in values.items() if value != plain[name]}
    if knobs:
        said = ", ".join(f"`{name}` {value}" for name, value in knobs.items())
        lines += ["", textwrap.fill(f"Knobs of {level.config.world}: {said}.", WIDTH)]
    size = "x".join(map(str, env.size))
    needs = " and ".join(env.needs)
    lines += ["", f"A map of {size} cells; {env.steps} steps; to keep up: {needs}.", ""]
    lines += [*table(lives), "", separates(lives, fitness), ""]
    lines += [f"![A competent episode in {level.name}](worlds/{level.name}.gif)", ""]
    return "\n".join(lines)


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


def table(lives: Lives) -> list[str]:
    """A row for each policy."""
    names = [name for name in COLUMNS if any(np.any(lives[p][name]) for p in lives)]
    lines = [
        "| policy | " + " | ".join(COLUMNS[name] for name in names) + " |",
        "|---" * (len(names) + 1) + "|",
    ]
    for policy, figures in lives.items():
        cells = [f"{np.mean(figures[name]):.2f}" for name in names]
        ends = statistics.interval(figures["fitness"])
        cells[0] += f" [{ends['low']:.1f}, {ends['high']:.1f}]"
        lines.append(f"| {policy} | " + " | ".join(cells) + " |")
    return lines


def separates(lives: Lives, fitness) -> str:
    """What tells the policies apart by episode, and which part of fitness it is."""
    weights = {
        "steps alive": ("t_alive", fitness.fitness_alpha),
        "energy": ("energy_gained", fitness.fitness_beta),
        "reaching food at all": ("success", fitness.success_bonus),
    }
    lines = ["What separates them, paired episode by episode:", ""]
    fit = {policy: figures["fitness"] for policy, figures in lives.items()}
    gaps = [statistics.difference(fit[a], fit[b]) for a, b in PAIRS]
    for (better, worse), found in zip(PAIRS, statistics.with_holm(gaps), strict=True):
        gap = lambda name, a=better, b=worse: np.mean(lives[a][name] - lives[b][name])
        if np.array_equal(fit[better], fit[worse]):
            lines.append(f"- {better} lives as {worse} does.")
            continue
        parts = {part: w * gap(name) for part, (name, w) in weights.items()}
        said = [
            f"{value:+.1f} {part}"
            for part, value in parts.items()
            if abs(value) >= 0.05
        ]
        lines.append(
            f"- {better} - {worse}: {found['mean']:+.1f} [{found['low']:.1f}, "
            f"{found['high']:.1f}], Holm {statistics.p_text(found['p_holm'])}"
            + (f" ({', '.join(said)})" if said else "")
        )
    return "\n".join(lines)


def typical(figures: Mapping[str, np.ndarray]) -> int:
    """Of the first episodes the middle third, by fitness; of these the most eventful.

    Example:
      >>> typical({"fitness": np.array([9.0, 5.0, 6.0, 7.0]), "t_alive": np.full(4, 8),
      ...          "event_step_frac": np.array([1.0, 1.0, 0.25, 0.0])})
      2
    """
    order = np.argsort(figures["fitness"][:FIRST], kind="stable")
    middle = order[len(order) // 3 : -(-2 * len(order) // 3)]
    events = figures["event_step_frac"] * figures["t_alive"]
    return int(middle[np.argmax(events[middle])])


def film(level: Level, episode: int, options: Options) -> None:
    """A competent episode, cut to what a page can bear."""
    life = evolution.watch_baseline(
        config_of(level), "competent", eval_seed=SEED, episode=episode
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


def read(text: str) -> dict[str, str]:
    """The sections of a page, by level.

    Example:
      >>> read("# The worlds\\n\\n## a\\n\\nof a\\n\\n## b\\n\\nof b\\n")
      {'a': '## a\\n\\nof a\\n', 'b': '## b\\n\\nof b\\n'}
    """
    parts = re.split(r"(?m)^(?=## )", text)[1:]
    return {part.split()[1]: part.rstrip() + "\n" for part in parts}


def whole(sections: Mapping[str, str]) -> str:
    """The page: the levels that there are, in the order of the ladder."""
    there = [name for name in LEVELS if name in sections]
    rows = [f"| [{n}](#{n.replace('.', '')}) | {LEVELS[n].summary} |" for n in there]
    contents = "\n".join(["| world | asks |", "|---|---|", *rows])
    parts = [HEAD.format(contents=contents), *(sections[name] for name in there)]
    return "\n".join(part.rstrip() + "\n" for part in parts)


if __name__ == "__main__":
    main(tyro.cli(Options))
