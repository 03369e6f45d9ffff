"""The table of all levels, and what was evolved in them.

The ladder's experiment writes what it evolved, in experiments/ladder/evolved.json: one
number per seed, each a mean over the same unseen episodes, none of which any search or
choice of settings has seen:

    {LEVEL: {"settings": TEXT, "genome": "mean" or "best", "seeds": [SEED, ...],
             "eval_seed": K, "episodes": N, "fitness": [MEAN, ...],
             "lesions": {LESION: [MEAN, ...]},
             "best_blind": MEAN, "greedy": MEAN}}

`lesions` are those of the sense that the level asks for, at zero and with another
life's; the table shows the one that costs least. `best_blind` and `greedy` are of the
same episodes. An agent is called better than both where both paired differences, over
seeds, have an interval above zero and a p below 5% after Holm's correction for all
levels.
"""

import dataclasses
import json
import math
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

from koki2.reports import statistics

NOT_YET = "not yet"
COLUMNS = (
    *("level", "random", "best blind", "sweep", "greedy", "competent", "ceiling"),
    *("evolved", "evolved under lesion", "settings"),
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Evolved:
    """What was evolved in a level: means over unseen episodes, one per seed."""

    settings: str
    genome: str
    seeds: tuple[int, ...]
    eval_seed: int
    episodes: int
    fitness: tuple[float, ...]
    lesions: Mapping[str, tuple[float, ...]]
    best_blind: float
    greedy: float

    def __post_init__(self) -> None:
        for name, values in {"fitness": self.fitness, **self.lesions}.items():
            if len(values) != len(self.seeds) or not all(map(math.isfinite, values)):
                raise ValueError(
                    f"{name} must be {len(self.seeds)} finite numbers, one per seed, "
                    f"got {values}."
                )
        if len(self.seeds) < 2 or not self.lesions:
            raise ValueError(
                "what was evolved must be of two seeds or more, and under lesions, "
                f"got seeds {self.seeds} and lesions {list(self.lesions)}."
            )


def read_evolved(path: pathlib.Path) -> dict[str, Evolved]:
    """Reads what was evolved, by level; none where there is no file yet.

    Raises:
      ValueError: a level whose entry is not as the head of this module says.
    """
    if not path.exists():
        return {}
    found = {}
    for level, entry in json.loads(path.read_text()).items():
        try:
            lesions = {name: tuple(each) for name, each in entry["lesions"].items()}
            lists = {name: tuple(entry[name]) for name in ("seeds", "fitness")}
            found[level] = Evolved(**{**entry, **lists, "lesions": lesions})
        except KeyError as error:
            raise ValueError(f"{path}, {level}: {error} is missing.") from error
        except (TypeError, ValueError) as error:
            raise ValueError(f"{path}, {level}: {error}") from error
    return found


def ceiling(record: Mapping[str, Any], evolved: Evolved | None) -> tuple[float, str]:
    """The best score known in a level, and whose it is.

    Example:
      >>> record = {"policies": {"left": {"fitness": 1.0}, "planner": {"fitness": 2.0}}}
      >>> ceiling(record, None)
      (2.0, 'planner')
    """
    known = {name: means["fitness"] for name, means in record["policies"].items()}
    if evolved is not None:
        best = max(range(len(evolved.seeds)), key=lambda i: evolved.fitness[i])
        known[f"evolved, seed {evolved.seeds[best]}"] = evolved.fitness[best]
    name = max(known, key=lambda each: known[each])
    return known[name], name


def better(evolved: Mapping[str, Evolved]) -> set[str]:
    """Of which levels the evolved agents beat the best blind policy and greedy."""
    gaps, which = [], []
    for level, each in evolved.items():
        for theirs in (each.best_blind, each.greedy):
            gaps.append(statistics.difference(each.fitness, [theirs] * len(each.seeds)))
            which.append(level)
    found = statistics.with_holm(gaps)
    fails = {
        level
        for level, gap in zip(which, found, strict=True)
        if not (gap["low"] > 0 and statistics.is_significant(gap))
    }
    return set(evolved) - fails


def table(
    records: Mapping[str, Mapping[str, Any]], evolved: Mapping[str, Evolved]
) -> str:
    """A row for each level that has a record, in their order, and what bold means.

    Raises:
      ValueError: something was evolved in a level of which there is no record.
    """
    if unknown := set(evolved) - set(records):
        raise ValueError(
            f"agents must be evolved in levels of the page, got {sorted(unknown)}."
        )
    beaten = better(evolved)
    lines = [_row(COLUMNS), _row(["---"] * len(COLUMNS))]
    for level, record in records.items():
        mean = lambda name, of=record: f"{of['policies'][name]['fitness']:.1f}"
        best, score = record["best_blind"], ceiling(record, evolved.get(level))
        cells = [f"[{level}](#{level.replace('.', '')})", mean("random")]
        cells += [f"{mean(best)} ({best})", mean("sweep"), mean("greedy")]
        cells += [mean("competent"), f"{score[0]:.1f} ({score[1]})"]
        more = [""] * 3  # nothing evolves in levels of the seed any more
        if not level.endswith("-seed"):
            more = _evolved(evolved.get(level), level in beaten)
        lines.append(_row(cells + more))
    if evolved:
        said = "In bold, evolved agents beat the best blind policy and greedy"
        lines += ["", f"{said}: {len(beaten)} of {len(evolved)} levels."]
    return "\n".join(lines)


def _evolved(evolved: Evolved | None, is_better: bool) -> list[str]:
    if evolved is None:
        return [NOT_YET] * 3
    ends = statistics.interval(evolved.fitness)
    bold = "**" if is_better else ""
    lesioned = {n: statistics.interval(v)["mean"] for n, v in evolved.lesions.items()}
    mildest = max(lesioned, key=lambda name: lesioned[name])
    return [
        f"{bold}{ends['mean']:.1f}{bold} [{ends['low']:.1f}, {ends['high']:.1f}]",
        f"{lesioned[mildest]:.1f} ({mildest})",
        evolved.settings,
    ]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
