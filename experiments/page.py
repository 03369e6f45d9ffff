"""The report page of an experiment: a figure, a table per world, contrasts, verdict.

Written from results.json alone, so that `--report` makes it anew without running.
Arms are called "world/arm"; what stands before the slash is a panel of the figure.
"""

import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from experiments.lab import METRICS, read_values, Results
from koki2 import pictures
from koki2.reports.statistics import ALPHA, interval, is_significant, p_text


def write(
    folder: pathlib.Path, results: Results, *, title: str, verdict: Sequence[str]
) -> None:
    """Writes report.md and fitness.png into `folder`, and prints the page."""
    worlds = list(dict.fromkeys(name.partition("/")[0] for name in results["arms"]))
    lines = [f"<!-- written by {title.split(':')[0]} -->", f"# {title}", ""]
    lines += ["## Verdict", "", *(f"- {line}" for line in verdict), ""]
    lines += ["![Fitness on unseen episodes](fitness.png)", ""]
    lines += [
        f"Genomes on unseen episodes, eval seeds {_eval_seeds(results)}; 95% interval "
        "over seeds in brackets. A probe is the genomes of an arm, evaluated "
        "otherwise.",
        "",
    ]
    for world in worlds:
        lines += _table(results, world)
    lines += _contrasts(results)
    _draw(results, worlds, folder / "fitness.png")
    text = "\n".join(lines).rstrip() + "\n"
    (folder / "report.md").write_text(text)
    print(text)


def say(contrast: Mapping[str, Any]) -> str:
    """A contrast in words: the mean difference, how sure it is, the effect size."""
    effect = contrast["effect"]
    size = "" if effect is None else f", d = {effect:.2f}"
    return (
        f"{contrast['ours']} - {contrast['theirs']}: {contrast['mean']:+.2f} "
        f"[{contrast['low']:+.2f}, {contrast['high']:+.2f}]{size}, "
        f"{contrast['wins']} of {contrast['seeds']} seeds, {_significance(contrast)}"
    )


def _significance(contrast: Mapping[str, Any]) -> str:
    p = p_text(contrast["p_holm"])
    word = "significant" if is_significant(contrast) else "not significant"
    return f"{word} (p {p_text(contrast['p'])}, after Holm {p})"


def _eval_seeds(results: Results) -> str:
    arm = next(iter(results["arms"].values()))
    return " and ".join(arm.get("mean") or arm["best"])


def _table(results: Results, world: str) -> list[str]:
    metrics = _metrics(results)
    lines = [f"### {world}", "", "| who | " + " | ".join(metrics) + " |"]
    lines.append("|---" * (len(metrics) + 1) + "|")
    for name in [*results["arms"], *results["probes"]]:
        if name.partition("/")[0] != world:
            continue
        cells = [_cell(read_values(results, name, metric)) for metric in metrics]
        mark = " (probe)" if name in results["probes"] else ""
        lines.append(f"| {name.partition('/')[2]}{mark} | " + " | ".join(cells) + " |")
    for policy, means in results["baselines"].get(world, {}).items():
        cells = [f"{means[metric]:.3g}" for metric in metrics]
        lines.append(f"| *{policy}* | " + " | ".join(cells) + " |")
    return [*lines, ""]


def _metrics(results: Results) -> list[str]:
    """The metrics that all arms and baselines have; older results have fewer."""
    arms = [arm.get("mean") or arm["best"] for arm in results["arms"].values()]
    kept = [set(next(iter(episodes.values()))) for episodes in arms]
    kept += [
        set(m)
        for by_policy in results["baselines"].values()
        for m in by_policy.values()
    ]
    return [metric for metric in METRICS if all(metric in names for names in kept)]


def _cell(numbers: np.ndarray) -> str:
    over = interval(numbers)
    return f"{over['mean']:.4g} [{over['low']:.4g}, {over['high']:.4g}]"


def _contrasts(results: Results) -> list[str]:
    if not results["contrasts"]:
        return []
    lines = [
        "### Contrasts, paired by seed",
        "",
        "p: of the paired t test, which goes with the interval; Holm: that, corrected "
        f"for all {len(results['contrasts'])} contrasts; flips: p of the exact test "
        "that flips the signs of the differences. Significant, in bold: Holm below "
        f"{ALPHA}.",
        "",
        "| ours - theirs | difference | p | Holm | flips | d | wins |",
    ]
    lines.append("|---" * 7 + "|")
    for c in results["contrasts"]:
        effect = "" if c["effect"] is None else f"{c['effect']:.2f}"
        gap = f"{c['mean']:+.2f} [{c['low']:+.2f}, {c['high']:+.2f}]"
        if is_significant(c):
            gap = f"**{gap}**"
        p = " | ".join(p_text(c[name]) for name in ("p", "p_holm", "p_flip"))
        who = f"{c['ours']} - {c['theirs']}"
        lines.append(f"| {who} | {gap} | {p} | {effect} | {c['wins']}/{c['seeds']} |")
    return lines


def _bars(results: Results, world: str) -> int:
    """How many stand in the panel of a world."""
    names = [
        n for n in [*results["arms"], *results["probes"]] if n.split("/")[0] == world
    ]
    return len(names) + len(results["baselines"].get(world, {}))


def _draw(results: Results, worlds: Sequence[str], path: pathlib.Path) -> None:
    with pictures.house():
        most = max(_bars(results, world) for world in worlds)
        figure = pictures.figure(max(10.0, 1.1 * most), 3.2 * len(worlds))
        panels = np.atleast_1d(figure.subplots(len(worlds), 1))
        for axes, world in zip(panels, worlds, strict=True):
            groups, dots = {}, {}
            for name in [*results["arms"], *results["probes"]]:
                if name.partition("/")[0] == world:
                    over = interval(read_values(results, name))
                    label = name.partition("/")[2]
                    groups[label] = [(over["mean"], over["low"], over["high"])]
                    dots[label] = [list(read_values(results, name))]
            for policy, means in results["baselines"].get(world, {}).items():
                label = policy if policy not in groups else f"{policy} policy"
                groups[label] = [(means["fitness"], np.nan, np.nan)]
                dots[label] = [[]]
            axes.set_ylabel("fitness")
            axes.set_title(world)
            names = {label: label.replace(", ", ",\n") for label in groups}
            pictures.bars(axes, groups, dots=dots, names=names)
        pictures.save(figure, path)
