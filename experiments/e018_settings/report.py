"""The page of E018: the screen as a table and a heat map, then the levels.

Written from results.json alone. The share of the way is
(score - random) / (competent - random): 0 is as good as chance, 1 as the script.
"""

import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from experiments.e018_settings import ranking
from koki2 import pictures
from koki2.reports.statistics import interval


def write(folder: pathlib.Path, results: Mapping[str, Any]) -> None:
    """Writes report.md and screen.png into `folder`, and prints the page."""
    lines = [
        "<!-- written by python -m experiments.e018_settings --report -->",
        "# E018: which settings, and which form of the senses, climb the ladder?",
        "",
    ]
    if "screen" in results:
        lines += _screen(results["screen"])
        _draw(results["screen"], folder / "screen.png")
    if "levels" in results:
        lines += _levels(results["levels"])
    text = "\n".join(lines).rstrip() + "\n"
    (folder / "report.md").write_text(text)
    print(text)


def share(score: float, of_level: Mapping[str, float]) -> float:
    """The share of the way from random to competent.

    Example:
      >>> share(30.0, {"random": 20.0, "competent": 60.0})
      0.25
    """
    way = of_level["competent"] - of_level["random"]
    return (score - of_level["random"]) / way


def _screen(part: Mapping[str, Any]) -> list[str]:
    ranks = ranking.ranked(ranking.scores(part["rows"]))
    levels = list(ranks[0].scores)
    lines = [
        "## The screen",
        "",
        f"{len(part['rows'])} cells, one seed; the better of mean and best genome on "
        f"{part['episodes']} unseen episodes (eval seed {part['eval_seeds'][0]}); in "
        "brackets the share of the way from random to competent. The best four went "
        "on.",
        "",
        "![Share of the way from random to competent](screen.png)",
        "",
        "| combination | mean rank | " + " | ".join(levels) + " |",
        "|---" * (len(levels) + 2) + "|",
    ]
    for rank in ranks:
        cells = [
            f"{rank.scores[n]:.1f} [{share(rank.scores[n], part['baselines'][n]):.0%}]"
            for n in levels
        ]
        lines.append(f"| {rank.name} | {rank.mean_rank:.1f} | {' | '.join(cells)} |")
    for policy in ("random", "competent"):
        cells = [f"{part['baselines'][n][policy]:.1f}" for n in levels]
        lines.append(f"| *{policy}* | | {' | '.join(cells)} |")
    return [*lines, ""]


def _levels(part: Mapping[str, Any]) -> list[str]:
    found = ranking.by_seed(part["rows"], "unseen_mean_fitness")
    best, names = ranking.presets(part["rows"]), list(found)
    policies = list(next(iter(part["baselines"].values())))
    lines = [
        "## The levels",
        "",
        f"Mean genomes on {part['episodes']} unseen episodes (eval seed "
        f"{part['eval_seeds'][0]}), with 95% intervals over seeds. In bold the "
        "combination that a level takes. It was chosen by these figures, so that its "
        "own are too high by what chance gave it: the final table has other seeds and "
        "episodes.",
        "",
        f"| level | {' | '.join(names)} | {' | '.join(f'*{p}*' for p in policies)} |",
        "|---" * (len(names) + len(policies) + 1) + "|",
    ]
    for level, chosen in best.items():
        cells = [_cell(found[n].get(level, []), is_bold=n == chosen) for n in names]
        cells += [f"{part['baselines'][level][policy]:.1f}" for policy in policies]
        lines.append(f"| {level} | {' | '.join(cells)} |")
    return [*lines, ""]


def _cell(values: Sequence[float], *, is_bold: bool) -> str:
    if not values:
        return "-"
    over = interval(values)
    text = f"{over['mean']:.1f} [{over['low']:.1f}, {over['high']:.1f}]"
    return f"**{text}**" if is_bold else text


def _draw(part: Mapping[str, Any], path: pathlib.Path) -> None:
    """Draws combinations by levels, the best on top."""
    ranks = ranking.ranked(ranking.scores(part["rows"]))
    levels = list(ranks[0].scores)
    table = np.array(
        [[share(r.scores[n], part["baselines"][n]) for n in levels] for r in ranks]
    )
    with pictures.house():
        figure = pictures.figure(2.6 + 1.15 * len(levels), 1.6 + 0.26 * len(ranks))
        axes = figure.subplots()
        axes.grid(False)
        image = axes.imshow(table, cmap="viridis", vmin=0.0, vmax=1.0, aspect="auto")
        axes.set_xticks(range(len(levels)), levels, rotation=30, ha="right")
        axes.set_yticks(range(len(ranks)), [rank.name for rank in ranks])
        for (row, column), value in np.ndenumerate(table):
            color = "black" if value > 0.6 else "white"
            text = f"{value:.0%}"
            axes.text(column, row, text, ha="center", va="center", color=color, size=8)
        axes.set_title(
            "Share of the way from random to competent, best mean rank on top"
        )
        figure.colorbar(image, ax=axes, label="0: random, 1: competent", fraction=0.05)
        pictures.save(figure, path)
