"""How a quality-diversity search went, on one page: its archive, and how it filled.

One run is drawn with the maps of its archive, several runs as thin lines with the
quartiles that they make. Takes columns and arrays as plain numbers.
"""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, MaxNLocator

from koki2.pictures.archive import archive_map, archive_steps, colour_bar
from koki2.pictures.cells import Elites, Space
from koki2.pictures.curves import across_runs, finite, line, line_with_band, Values
from koki2.pictures.labels import label_ends, short_names
from koki2.pictures.look import BLUE, figure, GREEN, house, INK, SKY, SMALL

Columns = Mapping[str, Values]  # equally long, one number per generation

_NAMED = 6  # more runs than this stay anonymous
_CURVES = {  # column, and what is written at its axis
    "coverage": ("Coverage", "cells filled (%)"),
    "qd_score": ("QD-score", "sum over cells"),
    "best_fitness": ("Fitness", "fitness"),
}


def archive_figure(
    runs: Mapping[str, Columns],
    archive: tuple[Space, Elites] | None = None,
    *,
    dims: tuple[int, int] = (0, 1),
    title: str | None = None,
    note: str | None = None,
    unseen: Mapping[str, float] = MappingProxyType({}),
) -> Figure:
    """Draws an archive's fitness and age, and coverage, QD-score and fitness over time.

    Args:
      runs: by name, the columns `evaluations` (genomes tried so far), `coverage` (0 to
        1), `qd_score`, `best_fitness` and `mean_fitness` of the archive; NaN or None
        where unknown.
      archive: of the one run; None, or several runs, draws the curves alone.
      dims: over which dimensions, if the space has more than one.
      title: of the page; the names of the runs if None.
      note: what else to say of it, on a line of its own.
      unseen: `coverage` and `qd_score` of the one run's archive on unseen episodes, if
        they are known: dashed.

    Raises:
      ValueError: no runs, one without generations, or dimensions that there are not.

    Example:
      >>> names = ("evaluations", "coverage", "qd_score", "best_fitness",
      ...          "mean_fitness")
      >>> page = archive_figure({"a run": {name: [0.5, 1.0] for name in names}})
      >>> [axes.get_title("left") for axes in page.axes]
      ['Coverage', 'QD-score', 'Fitness']
    """
    if not runs or not all(len(c["evaluations"]) for c in runs.values()):
        raise ValueError("each run must have one generation or more.")
    archive = archive if len(runs) == 1 else None
    if archive is not None and len(archive[0].names) > 1:
        count = len(archive[0].names)
        if dims[0] == dims[1] or not all(0 <= b < count for b in dims):
            raise ValueError(
                f"dims must be two different dimensions of {count}, got {dims}."
            )
    with house():
        page, maps, curves = _page(archive)
        heading_lines = [title or _title(runs), *([note] if note else [])]
        if archive is not None:
            (columns,) = runs.values()
            _maps(maps, *archive, dims, generations=len(columns["evaluations"]))
            heading_lines += _projected(archive[0], dims)
        for axes, (column, (heading, label)) in zip(
            curves, _CURVES.items(), strict=True
        ):
            axes.set_title(heading)
            axes.set_ylabel(label)
            axes.set_xlabel("evaluations")
            axes.xaxis.set_major_locator(MaxNLocator(4))
            axes.xaxis.set_major_formatter(EngFormatter(sep=""))
            _curve(axes, runs, column, unseen.get(column) if len(runs) == 1 else None)
        page.suptitle("\n".join(heading_lines), x=0.01, ha="left", fontsize=12)
    return page


def _page(
    archive: tuple[Space, Elites] | None,
) -> tuple[Figure, list[Axes], list[Axes]]:
    """Two axes for the maps, if there is an archive, over three for the curves."""
    above = 0.0 if archive is None else 5.2 if len(archive[0].names) > 1 else 3.2
    page = figure(11, above + 3.2)
    page.set_layout_engine(
        "constrained", h_pad=0.1, w_pad=0.1, hspace=0.03, wspace=0.03
    )
    rows = page.add_gridspec(
        2 if above else 1, 1, height_ratios=[above, 3.2] if above else [1]
    )
    top = rows[0].subgridspec(1, 2) if above else None
    maps = [] if top is None else [page.add_subplot(top[k]) for k in range(2)]
    bottom = rows[-1].subgridspec(1, 3)
    return page, maps, [page.add_subplot(bottom[k]) for k in range(3)]


def _maps(
    maps: list[Axes],
    space: Space,
    elites: Elites,
    dims: tuple[int, int],
    *,
    generations: int,
) -> None:
    """Fitness, and age: how many generations ago an elite took its cell."""
    age = generations - 1 - elites.birth
    for axes, what, label, values, cmap in (
        (maps[0], "Fitness", "fitness", elites.fitness, "viridis"),
        (maps[1], "Age", "age in generations", age, "plasma_r"),
    ):
        if len(space.names) == 1:
            color = BLUE if values is elites.fitness else GREEN
            archive_steps(axes, space, elites, values, color=color)
            axes.set_ylabel(label)
        else:
            drawn = archive_map(axes, space, elites, values, dims=dims, cmap=cmap)
            whole = MaxNLocator(6, steps=[1, 2, 5, 10], integer=True)
            ticks = whole if values is age else None
            colour_bar(axes, drawn, label, ticks=ticks)
        axes.set_title(f"{what} of elites", pad=8)
        is_dots = space.shape is None and len(space.names) > 2
        if not elites.filled.all() and not is_dots:
            note = axes.set_title("grey: no elite", loc="right", pad=8)
            note.set(fontsize=SMALL, fontweight="normal")


def _projected(space: Space, dims: tuple[int, int]) -> list[str]:
    """What became of the dimensions that are not drawn, as a sentence, if there are."""
    out = [name for b, name in enumerate(space.names) if b not in dims]
    if len(space.names) == 1 or not out:
        return []
    if space.shape is None:
        return [f"Dots are elites, at any {' and '.join(out)}."]
    return [f"Each place shows its fittest elite over {' and '.join(out)}."]


def _curve(
    axes: Axes, runs: Mapping[str, Columns], column: str, unseen: float | None
) -> None:
    scale = 100.0 if column == "coverage" else 1.0
    shown = {n: scale * finite(c[column]) for n, c in runs.items()}
    if len(runs) == 1:
        ((name, columns),) = runs.items()
        line(axes, columns["evaluations"], shown[name], color=BLUE, linewidth=2)
        if column == "best_fitness":
            mean = columns["mean_fitness"]
            line(axes, columns["evaluations"], mean, color=SKY, linewidth=2)
            ends = [(_last(shown[name]), "best", BLUE), (_last(mean), "mean", SKY)]
        else:
            ends = []
        if unseen is not None:
            level = scale * unseen
            axes.axhline(level, color=GREEN, linewidth=1.5, linestyle="--")
            ends = [(_last(shown[name]), "seen", BLUE), (level, "unseen", GREEN)]
    else:
        ends = _many(axes, runs, shown)
    axes.margins(x=0.01)
    if column == "coverage":
        axes.set_ylim(-3, 103)
    elif any(np.any(np.abs(values) >= 1e4) for values in shown.values()):
        axes.yaxis.set_major_formatter(EngFormatter(sep=""))
    label_ends(axes, [end for end in ends if np.isfinite(end[0])])


def _many(
    axes: Axes, runs: Mapping[str, Columns], shown: Mapping[str, np.ndarray]
) -> list[tuple[float, str, str]]:
    ends = []
    for name, short in zip(runs, short_names(list(runs), limit=12), strict=True):
        at = runs[name]["evaluations"]
        line(axes, at, shown[name], color=BLUE, linewidth=0.8, alpha=0.6, label=name)
        ends.append((_last(shown[name]), short, BLUE))
    found = across_runs([(c["evaluations"], shown[n]) for n, c in runs.items()])
    line_with_band(
        axes,
        found.x,
        found.median,
        found.q25,
        found.q75,
        color=BLUE,
        label="median of runs",
    )
    ends = ends if len(runs) <= _NAMED else []
    if found.x.size:
        ends.append((float(found.median[-1]), "median", INK))
    return ends


def _title(runs: Mapping[str, Columns]) -> str:
    if len(runs) > 1:
        return (
            f"{len(runs)} runs (thin: each; bold: their median; band: 25–75% of them)"
        )
    (name,) = runs
    return short_names([name], limit=60)[0]


def _last(values: Values) -> float:
    known = finite(values)
    known = known[np.isfinite(known)]
    return float(known[-1]) if known.size else float("nan")
