"""Combinations of settings and form: their ranks in the screen, and the best of them.

A combination is what the cells of a sweep share but for world and seed. Its score on a
level is the better of mean and best genome on unseen episodes, the mean over seeds.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import scipy.stats

from experiments.lab.sweeps import Row, Step

FIELDS = (
    *("search.strategy", "search.pop_size", "search.sigma", "search.lr"),
    *("agent.tau_m", "agent.choice", "agent.ticks"),
    *("senses.gradients", "senses.needs", "senses.scaling"),
    *("loop.generations", "loop.episodes"),
)
"""All that a combination is, and so all that a level's own settings may set."""
BEST = 4
"""Combinations that the screen hands on."""

_STEPS = {
    ("openai_es", 0.1, 0.05, 10.0): "default",
    ("openai_es", 0.3, 1.0, 0.5): "bold",
    ("openai_es", 0.3, 0.3, 2.0): "between",
    ("openai_es", 1.0, 1.0, 0.5): "bolder",
    ("sep_cma_es", 0.5, 0.05, 0.5): "sep-CMA-ES",
}
_NAMING = ("search.strategy", "search.sigma", "search.lr", "agent.tau_m")

Scores = Mapping[str, Mapping[str, float]]
"""By combination, then by level."""


class Rank(NamedTuple):
    """Where a combination stands."""

    name: str
    mean_rank: float
    """Over the levels; 1 is the best."""
    scores: Mapping[str, float]
    """By level."""


def name_of(row: Row) -> str:
    """Names the combination of a row: its settings, then its form.

    Example:
      >>> name_of({"label": "cells", **dict(zip(_NAMING, ("openai_es", .3, 1.0, .5)))})
      'bold, cells'
      >>> name_of({"label": "bold, cells", "world": "sparse-l4.0"})
      'bold, cells'
    """
    steps = tuple(row[field] for field in _NAMING if field in row)
    words = [_STEPS.get(steps, " ".join(map(str, steps)))] if steps else []
    return ", ".join([*words, *([row["label"]] if "label" in row else [])])


def settings_of(step: Step) -> dict[str, dict[str, Any]]:
    """Reads every field of `FIELDS` of each combination of a step, by its name."""
    found = {}
    for cell in step.cells:
        groups = [field.split(".") for field in FIELDS]
        values = [getattr(getattr(cell.config, g), name) for g, name in groups]
        found.setdefault(name_of(cell.settings), dict(zip(FIELDS, values, strict=True)))
    return found


def by_seed(rows: Sequence[Row], column: str) -> dict[str, dict[str, list[float]]]:
    """Collects a column: combination -> level -> a value per seed."""
    found: dict[str, dict[str, list[float]]] = {}
    for row in rows:
        of_level = found.setdefault(name_of(row), {})
        of_level.setdefault(row["world"], []).append(row[column])
    return found


def scores(rows: Sequence[Row]) -> Scores:
    """The better of mean and best genome on unseen episodes, the mean over seeds."""
    genomes = [by_seed(rows, f"unseen_{which}_fitness") for which in ("mean", "best")]
    return {
        name: {
            level: float(np.mean(np.maximum(mean, genomes[1][name][level])))
            for level, mean in of_level.items()
        }
        for name, of_level in genomes[0].items()
    }


def ranked(found: Scores) -> list[Rank]:
    """Ranks combinations by their mean rank over levels, the best first.

    Ties share the mean of their ranks. A combination that lacks a level which another
    one has is left out.

    Example:
      >>> found = {"a": {"x": 3, "y": 1}, "b": {"x": 2, "y": 9}, "c": {"x": 9}}
      >>> [(rank.name, rank.mean_rank) for rank in ranked(found)]
      [('a', 1.5), ('b', 1.5)]
    """
    levels = list(dict.fromkeys(level for of in found.values() for level in of))
    whole = [name for name, of in found.items() if len(of) == len(levels)]
    if not whole:
        return []
    table = np.array([[found[name][level] for level in levels] for name in whole])
    means = np.mean(scipy.stats.rankdata(-table, axis=0), axis=1)
    return [
        Rank(whole[i], float(means[i]), {n: found[whole[i]][n] for n in levels})
        for i in np.argsort(means, kind="stable")
    ]


def presets(rows: Sequence[Row]) -> dict[str, str]:
    """Chooses for each level the combination whose mean genomes are fittest, unseen."""
    found = by_seed(rows, "unseen_mean_fitness")
    levels = dict.fromkeys(level for of in found.values() for level in of)
    mean = lambda name, level: float(np.mean(found[name][level]))
    return {
        level: max(
            (name for name in found if level in found[name]),
            key=lambda name: mean(name, level),
        )
        for level in levels
    }


def levels_toml(
    chosen: Mapping[str, Mapping[str, Any]],
    levels: Sequence[str],
    seeds: Sequence[int],
    *,
    generations: int,
) -> str:
    """Writes the sweep file of the second step.

    Args:
      chosen: every field of each combination, by name.
      levels: all to run them on.
      seeds: of the runs.
      generations: of each.
    """
    lines = [
        "# Written by `python -m experiments.e018_settings choose`: the best of the",
        "# screen, on every level.",
        'kind = "evo"',
        "",
        "[loop]",
        "checkpoint_every = 20",
        "",
        "[grid]",
        f"world = {json.dumps(list(levels))}",
        f"seed = {list(seeds)}",
    ]
    for name, values in chosen.items():
        lines += ["", "[[list]]", f"label = {json.dumps(name)}"]
        whole = {**values, "loop.generations": generations}
        lines += [f'"{field}" = {json.dumps(whole[field])}' for field in FIELDS]
    return "\n".join(lines) + "\n"


def level_settings(values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Puts the fields of a combination in groups, without those at their default."""
    from koki2.evolution.configs import EvolutionConfig

    found: dict[str, dict[str, Any]] = {}
    for group, name, value in _grouped(values):
        if value != getattr(getattr(EvolutionConfig(), group), name):
            found.setdefault(group, {})[name] = value
    return found


def _grouped(values: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    for field, value in values.items():
        group, _, name = field.partition(".")
        yield group, name, value
