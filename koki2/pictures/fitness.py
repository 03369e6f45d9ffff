"""How a search went, on one page: fitness over time, unseen lives, viability.

One run is drawn with its population, several runs as thin lines with the quartiles
that they make. Takes columns and intervals as plain numbers.
"""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, MaxNLocator
from numpy.typing import ArrayLike

from koki2.pictures.bars import bars, Interval, mean_interval
from koki2.pictures.curves import across_runs, finite, line, line_with_band
from koki2.pictures.labels import label_ends, short_names
from koki2.pictures.look import BLUE, figure, GREEN, GREY, house, INK, SMALL

Columns = Mapping[str, ArrayLike]  # equally long, one number per generation
HeldOut = Mapping[int, Mapping[str, Interval]]  # by eval seed, then by who lived

_NAMED = 6  # more runs than this stay anonymous
_FAR = 50.0  # times the best: what lies deeper is off the axis, as -1e9 is
_WHO = {"best": "best genome", "mean": "mean genome"}
_ORDER = ("best", "mean", "greedy", "random", "stay", "oracle")


def fitness_figure(
    runs: Mapping[str, Columns],
    held_out: Mapping[str, HeldOut] | None = None,
    *,
    title: str | None = None,
    advice: str = "no held-out lives yet",
) -> Figure:
    """Draws fitness over generations and over environment steps, and what it is worth.

    Args:
      runs: by name, the columns `generation`, `env_steps` (cumulative), `best_fitness`
        (so far), `generation_best`, `median_fitness`, `fitness_q25`, `fitness_q75`, and,
        where viability is tested, `mvt_pass_rate` (0 to 1); NaN or None where unknown.
      held_out: for some of these runs, by eval seed and by who lived ("best", "mean",
        "greedy", ...), mean and 95% interval of the fitness on unseen lives.
      title: of the page; the names of the runs if None.
      advice: what to say where there is nothing held out.

    Raises:
      ValueError: no runs, or one without generations.

    Example:
      >>> names = ("generation", "env_steps", "best_fitness", "generation_best",
      ...          "median_fitness", "fitness_q25", "fitness_q75")
      >>> page = fitness_figure({"a run": {name: [1.0, 2.0] for name in names}})
      >>> [axes.get_title() for axes in page.axes]
      ['Over generations', 'Over experience', 'Unseen lives']
    """
    if not runs or not all(np.size(c["generation"]) for c in runs.values()):
        raise ValueError("fitness_figure wants runs with one generation or more each.")
    viability = {n: c for n, c in runs.items() if _any(c.get("mvt_pass_rate", ()))}
    with house():
        page = figure(11, 7.6)
        page.get_layout_engine().set(h_pad=0.1, w_pad=0.1, hspace=0.03, wspace=0.03)
        rows = page.add_gridspec(2, 1, height_ratios=[1.25, 1])
        top = rows[0].subgridspec(1, 2)
        bottom = rows[1].subgridspec(
            1, 2 if viability else 1, width_ratios=[2, 1][: 1 + bool(viability)]
        )
        over_generations = page.add_subplot(top[0])
        over_generations.set_title("Over generations")
        over_generations.set_xlabel("generation")
        over_generations.xaxis.set_major_locator(MaxNLocator(integer=True))
        _fitness(over_generations, runs, "generation")
        over_steps = page.add_subplot(top[1])
        over_steps.set_title("Over experience")
        over_steps.set_xlabel("environment steps evaluated")
        _steps_axis(over_steps, runs)
        _fitness(over_steps, runs, "env_steps")
        unseen = page.add_subplot(bottom[0])
        unseen.set_title("Unseen lives")
        _held_out(unseen, held_out or {}, len(runs), advice)
        if viability:
            passing = page.add_subplot(bottom[1])
            passing.set_title("Viability")
            _pass_rate(passing, viability)
        page.suptitle(title or _title(runs), x=0.01, ha="left", fontsize=12)
    return page


def _fitness(axes: Axes, runs: Mapping[str, Columns], x: str) -> None:
    axes.set_ylabel("fitness (lives in training)")
    if len(runs) == 1:
        (columns,) = runs.values()
        ends = _one_run(axes, columns, x)
    else:
        ends = _many_runs(axes, runs, x)
    hidden = _keep_out_the_deep(axes)
    if hidden:
        axes.text(
            0.98,
            0.02,
            f"{hidden} values far below the axis: not viable",
            transform=axes.transAxes,
            ha="right",
            fontsize=SMALL,
            color=GREY,
        )
    label_ends(axes, [end for end in ends if np.isfinite(end[0])])


def _one_run(axes: Axes, columns: Columns, x: str) -> list[tuple[float, str, str]]:
    at = columns[x]
    line_with_band(
        axes,
        at,
        columns["median_fitness"],
        columns["fitness_q25"],
        columns["fitness_q75"],
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
        (_last(columns["median_fitness"]), "population\nmedian, 25–75%", INK),
    ]


def _many_runs(
    axes: Axes, runs: Mapping[str, Columns], x: str
) -> list[tuple[float, str, str]]:
    ends = []
    for name, short in zip(runs, short_names(list(runs)), strict=True):
        best = runs[name]["best_fitness"]
        line(
            axes, runs[name][x], best, color=BLUE, linewidth=0.8, alpha=0.6, label=name
        )
        ends.append((_last(best), short, BLUE))
    ends = ends if len(runs) <= _NAMED else []
    for column, what, color in (
        ("median_fitness", "population\nmedian", GREY),
        ("best_fitness", "best so far", BLUE),
    ):
        found = across_runs([(c[x], c[column]) for c in runs.values()])
        line_with_band(
            axes,
            found.x,
            found.median,
            found.q25,
            found.q75,
            color=color,
            label=f"{what}, median of runs",
        )
        if found.x.size:
            ends.append(
                (
                    float(found.median[-1]),
                    f"{what}, median\nand 25–75% of runs",
                    INK if color == GREY else BLUE,
                )
            )
    return ends


def _steps_axis(axes: Axes, runs: Mapping[str, Columns]) -> None:
    """Linear, unless one run saw more than ten times what another did."""
    last = [_last(c["env_steps"]) for c in runs.values()]
    if np.nanmin(last) > 0 and np.nanmax(last) > 10 * np.nanmin(last):
        axes.set_xscale("log")
    axes.xaxis.set_major_formatter(EngFormatter(sep=""))


def _keep_out_the_deep(axes: Axes) -> int:
    """Ends the axis above the values of failures (-1e9); returns how many are hidden."""
    values = np.concatenate([finite(drawn.get_ydata()) for drawn in axes.lines])
    values = values[np.isfinite(values)]
    if not values.size:
        return 0
    top = values.max()
    shown = values >= top - _FAR * max(abs(top), 1.0)
    low = values[shown].min()
    margin = 0.06 * ((top - low) or abs(top) or 1.0)
    if not shown.all():
        axes.set_ylim(low - margin, top + margin)
    return int(values.size - shown.sum())


def _held_out(
    axes: Axes, held_out: Mapping[str, HeldOut], runs: int, advice: str
) -> None:
    held_out = {name: found for name, found in held_out.items() if found}
    if not held_out:
        axes.set_axis_off()
        axes.text(0, 0.9, advice, transform=axes.transAxes, va="top", color=GREY)
        return
    seeds = sorted({seed for found in held_out.values() for seed in found})
    who = {w for found in held_out.values() for lives in found.values() for w in lives}
    who = sorted(who, key=lambda w: (_ORDER.index(w) if w in _ORDER else 99, w))
    single = len(held_out) == 1
    groups: dict[str, list[Interval]] = {}
    dots: dict[str, list[list[float]]] = {}
    for w in who:
        groups[w], dots[w] = [], []
        for seed in seeds:
            found = [f[seed][w] for f in held_out.values() if w in f.get(seed, {})]
            means = [mean for mean, _, _ in found]
            groups[w].append(found[0] if single and found else mean_interval(means))
            dots[w].append(means)
    axes.set_ylabel("mean fitness")
    bars(axes, groups, dots=None if single else dots, names=_WHO)
    said = ["whiskers: 95% interval over " + ("lives" if single else "runs")]
    if not single:
        said.append("dots: runs")
    if runs > len(held_out):
        said.append(f"{len(held_out)} of {runs} runs evaluated")
    numbers = ", ".join(str(seed) for seed in seeds)
    said.append(
        ("from left, " if len(seeds) > 1 else "")
        + f"eval seed{'s' * (len(seeds) > 1)} {numbers}"
    )
    axes.set_title("; ".join(said), loc="right", fontsize=SMALL, fontweight="normal")


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
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def _title(runs: Mapping[str, Columns]) -> str:
    if len(runs) > 1:
        return f"{len(runs)} runs"
    ((name, columns),) = runs.items()
    return f"{short_names([name], limit=60)[0]}: {np.size(columns['generation'])} generations"


def _last(values: ArrayLike) -> float:
    known = finite(values)
    known = known[np.isfinite(known)]
    return float(known[-1]) if known.size else float("nan")


def _any(values: ArrayLike) -> bool:
    return bool(np.isfinite(finite(values)).any())
