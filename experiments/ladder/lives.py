"""What was evolved in a level, and the same genomes under lesions, against baselines.

All live the same unseen episodes; a number per seed is a mean over them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from koki2 import evolution
from koki2.reports import heldout, statistics

ASKED = {
    "two-needs-l2.0": "needs",
    "trade-offs-l2.1": "needs",
    "layout-shift-l2.2": "taste",
    "hazard-zones-l3.0": "danger",
    "predictive-cues-l3.1": "cue",
    "misleading-cues-l3.2": "first cue",
    "seasons-l4.1": "place",
    "moving-needs-l4.2": "needs",
}
"""The sense that a level asks for, where it is more than the way to something."""
GRADIENTS = "gradient"  # all of that kind

Entry = dict[str, Any]
"""What is known of a level, plain values."""


def lesions(level: str) -> list[str]:
    """The lesions of a level: the sense that it asks for first, then the gradients.

    Example:
      >>> lesions("seasons-l4.1")
      ['place', 'place@other', 'gradient', 'gradient@other']
      >>> lesions("sparse-l4.0")
      ['gradient', 'gradient@other']
    """
    senses = dict.fromkeys([ASKED.get(level, GRADIENTS), GRADIENTS])
    return [f"{sense}{end}" for sense in senses for end in ("", "@other")]


def evaluate(
    level: str,
    config: Any,
    genomes: Mapping[int, Mapping[str, np.ndarray]],
    *,
    eval_seed: int,
    episodes: int,
) -> Entry:
    """Lets the genomes of a level live, and the baselines beside them.

    Args:
      level: its name.
      config: of its runs.
      genomes: named arrays, by seed.
      eval_seed: which episodes.
      episodes: how many, two or more.

    Returns:
      Means: "values" one per seed, "lesions" the same by lesion, "best_blind" and
      "greedy"; see `summary`.
    """
    which = {"eval_seed": eval_seed, "episodes": episodes}
    judge, names = evolution.judge(config), lesions(level)
    lived = [
        judge.lesioned(seed, arrays, names, **which) for seed, arrays in genomes.items()
    ]
    means = lambda name: [float(np.mean(lives[name]["fitness"])) for lives in lived]
    blind, lives = heldout.live_baseline(judge, "blind", **which)
    greedy = judge.baseline("greedy", **which)
    return {
        "values": means("intact"),
        "lesions": {name: means(name) for name in names},
        "best_blind": {"name": blind, "mean": float(np.mean(lives["fitness"]))},
        "greedy": {"mean": float(np.mean(greedy["fitness"]))},
        "seeds": list(genomes),
        **which,
    }


def summary(found: Mapping[str, Entry]) -> dict[str, Entry]:
    """Adds to what levels came to what hangs on all of them: intervals, and Holm.

    Args:
      found: by level, as `evaluate` returns it, with "settings", "source" and "runs".

    Returns:
      The same with "evolved", the mean and its interval over seeds; "lesion", of the
      two of the sense that the level asks for the one that costs least; in "best_blind"
      and "greedy" the "difference" evolved - baseline, and in "p_holm_blind" and
      "p_holm_greedy" its p after Holm for all differences of all levels; "costs", by
      lesion, the differences intact - lesioned, after Holm for all of these.
    """
    pairs = [(level, who) for level in found for who in ("best_blind", "greedy")]
    gaps = statistics.with_holm([_gap(found[level], who) for level, who in pairs])
    entries = {
        level: {name: value for name, value in entry.items() if name != "costs"}
        for level, entry in found.items()
    }
    for (level, who), gap in zip(pairs, gaps, strict=True):
        entry = entries[level]
        entry[who] = {**entry[who], "difference": gap}
        entry[f"p_holm_{who.removeprefix('best_')}"] = gap["p_holm"]
    for level, entry in entries.items():
        over = statistics.interval(entry["values"])
        entry["evolved"] = {end: over[end] for end in ("mean", "low", "high")}
        under = {name: _mean(entry["lesions"][name]) for name in lesions(level)[:2]}
        mildest = max(under, key=lambda name: under[name])
        entry["lesion"] = {"name": mildest, "mean": under[mildest]}
    cut = [(level, name) for level in found for name in found[level]["lesions"]]
    costs = statistics.with_holm([_cost(found[level], name) for level, name in cut])
    for (level, name), cost in zip(cut, costs, strict=True):
        entries[level]["costs"] = {**entries[level].get("costs", {}), name: cost}
    return entries


def beaten(entry: Entry) -> bool:
    """Whether evolved agents beat the best blind policy and greedy, after Holm."""
    gaps = [entry[who]["difference"] for who in ("best_blind", "greedy")]
    return all(gap["low"] > 0 and statistics.is_significant(gap) for gap in gaps)


def for_page(entries: Mapping[str, Entry]) -> dict[str, Entry]:
    """The same as the page of the worlds reads it, `tools/worlds_table.py`."""
    return {
        level: {
            "settings": entry["settings"],
            "genome": "mean",
            **{name: entry[name] for name in ("seeds", "eval_seed", "episodes")},
            "fitness": entry["values"],
            "lesions": {name: entry["lesions"][name] for name in lesions(level)[:2]},
            **{name: entry[name]["mean"] for name in ("best_blind", "greedy")},
        }
        for level, entry in entries.items()
    }


def _gap(entry: Entry, who: str) -> dict[str, Any]:
    values: Sequence[float] = entry["values"]
    return statistics.paired(values, [entry[who]["mean"]] * len(values))


def _cost(entry: Entry, lesion: str) -> dict[str, Any]:
    return statistics.paired(entry["values"], entry["lesions"][lesion])


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))
