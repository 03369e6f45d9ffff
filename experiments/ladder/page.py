"""The page of the ladder: a picture of all levels, and two tables; of results.json."""

import pathlib
from collections.abc import Mapping

import numpy as np

from experiments.ladder import lives
from koki2 import pictures
from koki2.reports import statistics

_MARKS = {
    "best policy that sees nothing": ("X", pictures.GREY),
    "greedy": ("^", pictures.ORANGE),
    "without the sense that the level asks for": ("v", pictures.PINK),
    "evolved": ("o", pictures.BLUE),
}


def write(folder: pathlib.Path, found: Mapping[str, lives.Entry]) -> None:
    """Writes report.md and ladder.png into `folder`."""
    lines = ["<!-- written by the ladder -->", "# The ladder", ""]
    lines += [
        "![Every level: evolved agents, and what they are set against](ladder.png)"
    ]
    lines += ["", *_baselines(found), "", *_lesions(found)]
    (folder / "report.md").write_text("\n".join(lines) + "\n")
    _draw(found, folder / "ladder.png")


def _baselines(found: Mapping[str, lives.Entry]) -> list[str]:
    lines = [
        "## Against baselines",
        "",
        "In bold: significant after Holm over all of these differences. Where all five "
        "seeds score the same, t is not defined and sign flips cannot be below .0625.",
        "",
        "| level | evolved | best blind | - blind | greedy | - greedy | settings |",
        "|---|---|---|---|---|---|---|",
    ]
    for level, each in found.items():
        blind, greedy = each["best_blind"], each["greedy"]
        cells = [
            level,
            "{mean:.1f} [{low:.1f}, {high:.1f}]".format(**each["evolved"]),
            f"{blind['mean']:.1f} {blind['name']}",
            _gap(blind["difference"]),
            f"{greedy['mean']:.1f}",
            _gap(greedy["difference"]),
            each["settings"],
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _lesions(found: Mapping[str, lives.Entry]) -> list[str]:
    lines = [
        "## What the same genomes lose without a sense",
        "",
        "At zero, and with what it told in another life. In bold: significant after "
        "Holm over all lesions.",
        "",
        "| level | sense | at zero | another life's |",
        "|---|---|---|---|",
    ]
    for level, each in found.items():
        senses = [name for name in each["costs"] if not name.endswith("@other")]
        for sense in senses:
            gaps = [_gap(each["costs"][f"{sense}{end}"]) for end in ("", "@other")]
            lines.append(f"| {level} | {sense} | {gaps[0]} | {gaps[1]} |")
    return lines


def _gap(gap: Mapping[str, float]) -> str:
    text = "{mean:+.1f} [{low:+.1f}, {high:+.1f}]".format(**gap)
    return f"**{text}**" if statistics.is_significant(gap) else text


def _draw(found: Mapping[str, lives.Entry], path: pathlib.Path) -> None:
    levels = list(found)
    with pictures.house():
        figure = pictures.figure(8, 1.3 + 0.3 * len(levels))
        axes = figure.add_subplot()
        places = np.arange(len(levels))
        values = {
            "best policy that sees nothing": [
                found[x]["best_blind"]["mean"] for x in levels
            ],
            "greedy": [found[x]["greedy"]["mean"] for x in levels],
            "without the sense that the level asks for": [
                found[x]["lesion"]["mean"] for x in levels
            ],
            "evolved": [found[x]["evolved"]["mean"] for x in levels],
        }
        ends = [[found[x]["evolved"][end] for x in levels] for end in ("low", "high")]
        axes.hlines(places, *ends, color=pictures.BLUE, linewidth=2)
        for name, (mark, color) in _MARKS.items():
            axes.plot(values[name], places, mark, color=color, markersize=7, label=name)
        axes.set_yticks(places, levels)
        axes.invert_yaxis()
        axes.set_xlabel("mean fitness of 512 unseen episodes, over five seeds")
        figure.legend(loc="outside upper center", ncols=2)
        pictures.save(figure, path)
