"""Words in a picture: labels at the ends of lines, and names short enough to fit."""

import os
import re
from collections.abc import Sequence

from matplotlib.axes import Axes

from koki2.core.text import printable
from koki2.pictures.look import figure_of, Number, SMALL

Group = tuple[list[int], float, float]  # members, centre, room
_DATE = re.compile(r"^\d{8}T\d{6}Z_")


def label_ends(axes: Axes, ends: Sequence[tuple[Number, str, str]]) -> None:
    """Writes names right of the axes, each beside the end of its line, none on another.

    Call it last: the limits of the axes are frozen.

    Args:
      axes: where the lines are.
      ends: for each line its last y (in data units), its name, its colour.
    """
    if not ends:
        return
    axes.set_ylim(axes.get_ylim())
    axes.set_xlim(axes.get_xlim())
    figure = figure_of(axes)
    points = float(axes.get_position().height * figure.get_figheight()) * 72
    to_fraction = axes.transData + axes.transAxes.inverted()
    heights = [float(to_fraction.transform((0, y))[1]) for y, _, _ in ends]
    heights = [min(max(height, 0.0), 1.0) for height in heights]
    lines = [name.count("\n") + 1 for _, name, _ in ends]
    room = [1.3 * SMALL * n / points for n in lines]
    places = spread(heights, room)
    for (_, name, color), height, place in zip(ends, heights, places, strict=True):
        axes.annotate(
            name,
            xy=(1, height),
            xytext=(1.05, place),
            xycoords="axes fraction",
            color=color,
            fontsize=SMALL,
            va="center",
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "color": color,
                "linewidth": 0.5,
                "relpos": (0, 0.5),
                "shrinkA": 1,
                "shrinkB": 0,
            },
        )


def spread(places: Sequence[Number], room: Sequence[Number]) -> list[float]:
    """Moves places apart, in their order, so that each has its room in [0, 1].

    Neighbours that would overlap share the shift. Where there is not room for all,
    they hang out evenly at both ends.

    Example:
      >>> [round(place, 2) for place in spread([0.5, 0.5, 0.9], [0.1, 0.1, 0.1])]
      [0.45, 0.55, 0.9]
    """
    order = sorted(range(len(places)), key=lambda i: places[i])
    groups: list[Group] = []
    for i in order:
        groups.append(([i], *_inside(places[i], room[i])))
        while len(groups) > 1 and _overlap(groups[-2], groups[-1]):
            (left, at_left, has_left), (right, at_right, has_right) = groups[-2:]
            both, total = left + right, has_left + has_right
            centre = (at_left * len(left) + at_right * len(right)) / len(both)
            groups[-2:] = [(both, *_inside(centre, total))]
    moved = [0.0] * len(places)
    for members, centre, total in groups:
        edge = centre - total / 2
        for i in members:
            moved[i] = edge + room[i] / 2
            edge += room[i]
    return moved


def short_names(names: Sequence[str], *, limit: int = 24) -> list[str]:
    """Names without what does not tell them apart, cut in the middle where too long.

    First goes the date that a run's name begins with, if no two names are the same
    without it; then the words that all names share at their start and end.

    Args:
      names: of runs, say; words end at "_" and "-". One name alone stays as it is.
      limit: characters left at most; 3 or more.

    Example:
      >>> short_names(["20261120T101530Z_es_seed7", "20261121T111530Z_es_seed8"])
      ['seed7', 'seed8']
      >>> short_names(["a_very_long_name_of_a_single_run"], limit=12)
      ['a_ver…le_run']
    """
    short = [printable(name) for name in names]
    if len(set(names)) > 1:
        undated = [_DATE.sub("", name) for name in short]
        short = undated if len(set(undated)) == len(set(names)) else short
        words = [re.findall(r"[^_-]*[_-]?", name) for name in short]
        start = len(os.path.commonprefix(words))
        back = [w[start:][::-1] for w in words]
        end = len(os.path.commonprefix(back))
        cut = ["".join(w[start : len(w) - end]).strip("_-") for w in words]
        short = cut if all(cut) else short
    return [_ellipsis(name, limit) for name in short]


def _ellipsis(name: str, limit: int) -> str:
    if len(name) <= limit:
        return name
    head = (limit - 1) // 2
    return name[:head] + "…" + name[len(name) - (limit - 1 - head) :]


def _inside(centre: float, total: float) -> tuple[float, float]:
    if total >= 1:
        return 0.5, total
    return min(max(centre, total / 2), 1 - total / 2), total


def _overlap(left: Group, right: Group) -> bool:
    return left[1] + left[2] / 2 > right[1] - right[2] / 2 + 1e-9
