"""How a search went, on one page: fitness over time, unseen episodes, viability.

One run is drawn with its population, several runs as thin lines with the quartiles
that they make. Takes columns and intervals as plain numbers.
"""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, MaxNLocator

from koki2.pictures.curves import (
    across_runs,
    finite,
    line,
    line_with_band,
    moving_median,
    Values,
)
from koki2.pictures.labels import label_ends, short_names
from koki2.pictures.look import BLUE, figure, GREEN, GREY, house, INK, SMALL
from koki2.pictures.unseen import HeldOut, unseen_lives

Columns = Mapping[str, Values]  # equally long, one number per generation
Ending = tuple[float, str, str]  # last y, name, colour

_WIDEST = 101  # generations that a curve is smoothed over at most
_NAMED = 6  # more runs than this stay anonymous
_FAR = 50.0  # times the best: what lies deeper is off the axis, as -1e9 is
_POPULATION = ("median_fitness", "fitness_q25", "fitness_q75")


def fitness_figure(
    runs: Mapping[str, Columns],
    held_out: Mapping[str, HeldOut] | None = None,
    over_runs: HeldOut | None = None,
    *,
    title: str | None = None,
    advice: str = "no held-out episodes yet",
) -> Figure:
    """Draws fitness over generations, smoothed over experience, and what it is worth.

    A run of fewer than 20 generations is not smoothed.

    Args:
      runs: by name, the columns `generation`, `env_steps` (cumulative), `best_fitness`
        (so far), `generation_best`, `median_fitness`, `fitness_q25`, `fitness_q75` and,
        where viability is tested, `mvt_pass_rate` (0 to 1); NaN or None where unknown.
      held_out: for some of these runs, by eval seed and by who lived ("best", "mean",
        "greedy", ...), mean and 95% interval of the fitness on unseen episodes.
      over_runs: where several runs are held out, the same of their means.
      title: of the page; the names of the runs if None.
      advice: what to say where there is nothing held out.

    Raises:
      ValueError: no runs, or one without generations.

    Example:
      >>> names = ("generation", "env_steps", "best_fitness", "generation_best",
      ...          "median_fitness", "fitness_q25", "fitness_q75")
      >>> page = fitness_figure({"a run": {name: [1.0, 2.0] for name in names}})
      >>> [axes.get_title("left") for axes in page.axes]
      ['Over generations', 'Unseen episodes']
    """
    if not runs or not all(len(c["generation"]) for c in runs.values()):
        raise ValueError("each run must have one generation or more.")
    is_held_out = any((held_out or {}).values())
    viability = {n: c for n, c in runs.items() if _any(c.get("mvt_pass_rate", ()))}
    with house():
        window = _window(runs)
        page = _page(is_held_out, bool(viability), is_smooth=window > 1)
        over_generations, *smooth, unseen = page.axes[: 2 + (window > 1)]
        passing = page.axes[2 + (window > 1) :]
        over_generations.set_title("Over generations")
        over_generations.set_xlabel("generation")
        over_generations.set_ylabel("fitness (episodes in training)")
        over_generations.xaxis.set_major_locator(
            MaxNLocator(integer=True, min_n_ticks=1)
        )
        ends = _fitness(over_generations, runs, "generation")
        for axes in smooth:
            axes.set_title(f"Over experience, median of {window} generations each")
            axes.set_xlabel("environment steps evaluated")
            _steps_axis(axes, runs)
            ends = _fitness(axes, _smoothed(runs, window), "env_steps")
        label_ends([over_generations, *smooth][-1], ends)
        unseen.set_title("Unseen episodes")
        unseen_lives(
            unseen, held_out or {}, over_runs or {}, runs=len(runs), advice=advice
        )
        for axes in passing:
            axes.set_title("Viability")
            _pass_rate(axes, viability)
        page.suptitle(title or _title(runs), x=0.01, ha="left", fontsize=12)
    return page


def _window(runs: Mapping[str, Columns]) -> int:
    """Over how many generations curves are smoothed: a tenth of them, odd."""
    count = min(len(c["generation"]) for c in runs.values())
    return min(2 * (count // 20) + 1, _WIDEST)


def _smoothed(runs: Mapping[str, Columns], window: int) -> dict[str, Columns]:
    """The same runs, each curve of fitness but the best so far smoothed."""
    rough = ("generation_best", *_POPULATION)
    return {
        name: {**columns, **{n: moving_median(columns[n], window) for n in rough}}
        for name, columns in runs.items()
    }


def _page(is_held_out: bool, is_tested: bool, *, is_smooth: bool) -> Figure:
    """Empty axes: fitness, smoothed, unseen episodes, viability, where there are."""
    below = 3.4 if is_held_out or is_tested else 1.1  # inches
    page = figure(11, 4.2 + below)
    page.set_layout_engine(
        "constrained", h_pad=0.1, w_pad=0.1, hspace=0.03, wspace=0.03
    )
    rows = page.add_gridspec(2, 1, height_ratios=[4.2, below])
    top = rows[0].subgridspec(1, 1 + is_smooth)
    left = page.add_subplot(top[0])
    if is_smooth:
        page.add_subplot(top[1], sharey=left).tick_params(labelleft=False)
    widths = ([2, 1] if is_held_out else [1, 2]) if is_tested else [1]
    bottom = rows[1].subgridspec(1, len(widths), width_ratios=widths)
    for column in range(len(widths)):
        page.add_subplot(bottom[column])
    return page


def _fitness(axes: Axes, runs: Mapping[str, Columns], x: str) -> list[Ending]:
    """Draws fitness over column `x`, and returns where its lines are to be labelled."""
    if len(runs) == 1:
        (columns,) = runs.values()
        ends = _one_run(axes, columns, x)
        shown = ("best_fitness", "generation_best", *_POPULATION)
    else:
        ends = _many_runs(axes, runs, x)
        shown = ("best_fitness", "median_fitness")
    drawn = [c[name] for c in runs.values() for name in shown]
    _limits(axes, np.concatenate([finite(values) for values in drawn]))
    axes.margins(x=0.01)
    return [end for end in ends if np.isfinite(end[0])]


def _one_run(axes: Axes, columns: Columns, x: str) -> list[Ending]:
    at = columns[x]
    line_with_band(
        axes,
        at,
        *(columns[name] for name in _POPULATION),
        color=GREY,
        label="population median",
    )
    line(
        axes,
        at,
        columns["generation_best"],
        color=BLUE,
        linewidth=0.8,
        alpha=0.6,
        label="generation best",
    )
    line(
        axes, at, columns["best_fitness"], color=BLUE, linewidth=2, label="best so far"
    )
    return [
        (_last(columns["best_fitness"]), "best so far", BLUE),
        (_last(columns["generation_best"]), "generation best", BLUE),
        (_last(columns["median_fitness"]), "population median\nand 25–75%", INK),
    ]


def _many_runs(axes: Axes, runs: Mapping[str, Columns], x: str) -> list[Ending]:
    ends = []
    for name, short in zip(runs, short_names(list(runs)), strict=True):
        best = runs[name]["best_fitness"]
        line(
            axes, runs[name][x], best, color=BLUE, linewidth=0.8, alpha=0.6, label=name
        )
        ends.append((_last(best), short, BLUE))
    ends = ends if len(runs) <= _NAMED else []
    for column, what, color, dark in (
        ("median_fitness", "median of\npopulation medians", GREY, INK),
        ("best_fitness", "median of best so far", BLUE, BLUE),
    ):
        found = across_runs([(c[x], c[column]) for c in runs.values()])
        line_with_band(
            axes, found.x, found.median, found.q25, found.q75, color=color, label=what
        )
        if found.x.size:
            ends.append((float(found.median[-1]), what, dark))
    return ends


def _steps_axis(axes: Axes, runs: Mapping[str, Columns]) -> None:
    """Linear, unless one run saw more than ten times what another did."""
    last = [_last(c["env_steps"]) for c in runs.values()]
    if np.nanmin(last) > 0 and np.nanmax(last) > 10 * np.nanmin(last):
        axes.set_xscale("log")
    axes.xaxis.set_major_formatter(EngFormatter(sep=""))


def _limits(axes: Axes, values: np.ndarray) -> None:
    """Ends the axis above the fitness of failures (-1e9), and says that it did."""
    values = values[np.isfinite(values)]
    if not values.size:
        return
    top = values.max()
    shown = values >= top - _FAR * max(abs(top), 1.0)
    low = values[shown].min()
    margin = 0.06 * ((top - low) or abs(top) or 1.0)
    axes.set_ylim(low - margin, top + margin)
    if not shown.all():
        note = "genomes that are not viable: far below"
        axes.set_title(note, loc="right", fontsize=SMALL, fontweight="normal")


def _pass_rate(axes: Axes, runs: Mapping[str, Columns]) -> None:
    percent = {n: 100 * finite(c["mvt_pass_rate"]) for n, c in runs.items()}
    single = len(runs) == 1
    for name, c in runs.items():
        line(
            axes,
            c["generation"],
            percent[name],
            color=GREEN,
            label=name,
            linewidth=2 if single else 0.8,
            alpha=1 if single else 0.6,
        )
    if not single:
        found = across_runs([(c["generation"], percent[n]) for n, c in runs.items()])
        line_with_band(
            axes,
            found.x,
            found.median,
            found.q25,
            found.q75,
            color=GREEN,
            label="median of runs",
        )
    axes.set_ylim(-3, 103)
    axes.set_xlabel("generation")
    axes.set_ylabel("genomes that pass (%)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))


def _title(runs: Mapping[str, Columns]) -> str:
    if len(runs) > 1:
        thin = "thin: the best of each run"
        return f"{len(runs)} runs (bold: their median; band: 25–75% of them; {thin})"
    ((name, columns),) = runs.items()
    count = len(columns["generation"])
    return f"{short_names([name], limit=60)[0]}: {count} generation{'s' * (count > 1)}"


def _last(values: Values) -> float:
    known = finite(values)
    known = known[np.isfinite(known)]
    return float(known[-1]) if known.size else float("nan")


def _any(values: Values) -> bool:
    return bool(np.isfinite(finite(values)).any())
