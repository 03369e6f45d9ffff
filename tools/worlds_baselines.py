"""What the baselines of a level come to, as plain numbers that are kept as JSON.

The record of a level, all of the same unseen episodes:

    {"eval_seed": 0, "episodes": 512, "best_blind": POLICY, "film": EPISODE,
     "policies": {POLICY: {FIGURE: mean, ..., "low": fitness, "high": fitness}},
     "gaps": [{"better": POLICY, "worse": POLICY, "mean": fitness, "low": fitness,
               "high": fitness, "p_holm": p, "parts": {PART: fitness}}]}

`gaps` are paired episode by episode, with Holm's correction over those of the level.
`film` is the episode that is worth a film, see `typical`.
"""

import dataclasses
import json
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from koki2 import evolution
from koki2.envs.registry import Level
from koki2.evolution.configs import FitnessConfig
from koki2.reports import heldout, statistics

FIGURES = ("fitness", "t_alive", "energy_gained", "integrity_lost")
SCRIPTED = ("random", "greedy", "competent", "planner")
LIVES, SEED, FIRST = 512, 0, 64

Lives = Mapping[str, Mapping[str, np.ndarray]]  # by policy, by figure, [E]
Record = dict[str, Any]


def read(path: pathlib.Path) -> dict[str, Record]:
    """Reads the records that are kept, by level; none where there is no file."""
    return json.loads(path.read_text()) if path.exists() else {}


def write(path: pathlib.Path, records: Mapping[str, Record]) -> None:
    """Keeps records."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(records, indent=1) + "\n")


def config_of(level: Level) -> evolution.EvolutionConfig:
    """The config that `koki2 baseline LEVEL` would use."""
    config = evolution.EvolutionConfig(env=level.config)
    groups = {
        name: dataclasses.replace(getattr(config, name), **values)
        for name, values in level.settings.items()
        if hasattr(config, name)
    }
    return dataclasses.replace(config, **groups)


def evaluate(level: Level) -> Record:
    """Lets every baseline live in a level, and records what it came to."""
    config = config_of(level)
    judge, which = evolution.judge(config), {"eval_seed": SEED, "episodes": LIVES}
    blind = judge.blind(**which)
    scripted = {name: judge.baseline(name, **which) for name in SCRIPTED}
    return which | record(blind, scripted, config.fitness)


def record(blind: Lives, scripted: Lives, fitness: FitnessConfig) -> dict[str, Any]:
    """Records lives: means, who is the best that sees nothing, and what separates."""
    best, _ = heldout.best(blind)
    lives = {**blind, **scripted}
    pairs = [
        ("greedy", best),
        ("competent", best),
        ("competent", "greedy"),
        ("planner", "competent"),
    ]
    return {
        "best_blind": best,
        "film": typical(lives["competent"]),
        "policies": {name: _means(figures) for name, figures in lives.items()},
        "gaps": _gaps(lives, pairs, fitness),
    }


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


def _means(figures: Mapping[str, np.ndarray]) -> dict[str, float]:
    ends = statistics.interval(figures["fitness"])
    means = {name: _short(np.mean(figures[name], dtype=float)) for name in FIGURES}
    return means | {"low": _short(ends["low"]), "high": _short(ends["high"])}


def _gaps(
    lives: Lives, pairs: Sequence[tuple[str, str]], fitness: FitnessConfig
) -> list[dict[str, Any]]:
    """Differences in fitness, and which part of fitness they are."""
    weights = {
        "steps alive": ("t_alive", fitness.fitness_alpha),
        "energy": ("energy_gained", fitness.fitness_beta),
        "reaching food at all": ("success", fitness.success_bonus),
    }
    gap = lambda figure, a, b: np.mean(lives[a][figure] - lives[b][figure], dtype=float)
    fitness_of = lambda name: lives[name]["fitness"]
    found = [statistics.difference(fitness_of(a), fitness_of(b)) for a, b in pairs]
    return [
        {
            "better": a,
            "worse": b,
            **{name: _short(each[name]) for name in ("mean", "low", "high")},
            "p_holm": float(f"{each['p_holm']:.3g}"),
            "parts": {p: _short(w * gap(f, a, b)) for p, (f, w) in weights.items()},
        }
        for (a, b), each in zip(pairs, statistics.with_holm(found), strict=True)
    ]


def _short(value: float | np.floating) -> float:
    return round(float(value), 4)
