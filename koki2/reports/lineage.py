"""Lineage: who descends from whom in a run, as a phylogeny that other tools read.

The file is a table in the ALife data standards' format for phylogenies, which tools
of that community draw and measure; its own columns come after the standard's.
"""

import math
import pathlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from koki2 import runlog
from koki2.reports import metrics, table
from koki2.reports.series import no_rows

COLUMNS = (
    "id",
    "ancestor_list",
    "origin_time",
    "destruction_time",
    "taxon_label",
    "fitness",
    "trait_norm",
    "env_steps",
)


def taxa(rows: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """The taxa of a run, from its rows: ancestors before those who descend from them.

    Example:
      >>> row = {"generation": 0, "generation_best": 3.0, "mean_fitness": 2.0,
      ...        "mean_norm": 1.0, "env_steps": 64}
      >>> for taxon in taxa([row]):
      ...     print(taxon["id"], taxon["ancestor_list"], taxon["taxon_label"])
      0 [none] centre_0
      1 [0] best_0
      2 [0] centre_1
    """
    before: Mapping[str, Any] = {"env_steps": 0}
    for g, row in enumerate(rows):
        centre = _centre(g, before)
        yield centre | {"destruction_time": g + 1, "fitness": row["mean_fitness"]}
        yield {
            "id": 2 * g + 1,
            "ancestor_list": f"[{2 * g}]",
            "origin_time": g,
            "destruction_time": g + 1,
            "taxon_label": f"best_{g}",
            "fitness": row["generation_best"],
            "env_steps": before["env_steps"],
        }
        before = row
    yield _centre(len(rows), before) | {"destruction_time": math.inf}


def elites(rows: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """The elites of a run of koki2 qd, in the order in which they entered.

    Example:
      >>> first = [[5, 1.0, -1, -1, -1, -1]]
      >>> second = [[5, 2.0, 5, 0, 5, 0], [6, 0.5, 5, 0, -1, -1]]
      >>> rows = [{"births": births, "env_steps": 10} for births in (first, second)]
      >>> for taxon in elites(rows):
      ...     print(taxon["id"], taxon["ancestor_list"], taxon["taxon_label"],
      ...           taxon["destruction_time"])
      0 [none] cell_5_0 1
      1 [0] cell_5_1 inf
      2 [0] cell_6_1 inf
    """
    found: list[dict[str, Any]] = []
    number: dict[tuple[int, int], int] = {}  # (cell, birth) -> id
    holder: dict[int, int] = {}  # cell -> id of its elite
    steps = 0
    for g, row in enumerate(rows):
        for birth in row["births"]:
            cell, fitness = birth[:2]
            known = dict.fromkeys(number[pair] for pair in _parents(birth))
            if cell in holder:
                found[holder[cell]]["destruction_time"] = g
            number[cell, g] = holder[cell] = len(found)
            taxon = {
                "id": len(found),
                "ancestor_list": f"[{','.join(map(str, known)) or 'none'}]",
                "origin_time": g,
                "destruction_time": math.inf,
                "taxon_label": f"cell_{cell}_{g}",
                "fitness": fitness,
                "env_steps": steps,
                "cell": cell,
            }
            found.append(taxon)
        steps = row["env_steps"]
    yield from found


def _centre(g: int, before: Mapping[str, Any]) -> dict[str, Any]:
    """The centre of generation g, which the generation before led to."""
    norm = before.get("mean_norm")
    return {
        "id": 2 * g,
        "ancestor_list": f"[{2 * g - 2}]" if g else "[none]",
        "origin_time": g,
        "taxon_label": f"centre_{g}",
        "trait_norm": norm if metrics.is_number(norm) else "",
        "env_steps": before["env_steps"],
    }


def read(run: pathlib.Path) -> list[dict[str, Any]]:
    """The rows of a run, if they are those of a search from its first generation on.

    Raises:
      InputError: there are none yet.
      BrokenRunError: a row is missing, or lacks a number, or tells of a birth to
        parents of whom no row before tells.
    """
    rows = list(runlog.read_rows(run))
    if not rows:
        raise no_rows(run)
    born: set[tuple[int, int]] = set()  # (cell, generation)
    for g, row in enumerate(rows):
        where = f"{run}/generations.jsonl, line {g + 1}, should"
        if row.get("generation") != g:
            raise runlog.BrokenRunError(
                f"{where} be generation {g}, is {row.get('generation')!r:.40}."
            )
        if ("births" in row) != ("births" in rows[0]):
            raise runlog.BrokenRunError(f"{where} have births if line 1 has.")
        births = row.get("births", [])
        if not isinstance(births, list) or not all(map(_is_birth, births)):
            raise runlog.BrokenRunError(
                f"{where} have births of six numbers each, got {births!r:.80}."
            )
        for birth in births:
            unknown = [pair for pair in _parents(birth) if pair not in born]
            if unknown:
                raise runlog.BrokenRunError(
                    f"{where} have births to parents born before, got the parent in "
                    f"cell {unknown[0][0]} of generation {unknown[0][1]}."
                )
        born |= {(birth[0], g) for birth in births}
        for name in ("generation_best", "mean_fitness", "env_steps"):
            unknown = name == "mean_fitness" and row.get(name, 0) is None
            if not (metrics.is_number(row.get(name)) or unknown):
                raise runlog.BrokenRunError(
                    f"{where} have a number {name}, got {row.get(name)!r:.40}; koki2 "
                    "lineage reads runs of evolution."
                )
    return rows


def to_csv(rows: Sequence[Mapping[str, Any]]) -> tuple[bytes, int]:
    """The phylogeny of some rows as CSV, and how many taxa it has."""
    is_archive = "births" in rows[0]
    found = list(elites(rows) if is_archive else taxa(rows))
    names = (*COLUMNS, "cell") if is_archive else COLUMNS
    cells = ([taxon.get(name, "") for name in names] for taxon in found)
    return table.to_csv(names, cells), len(found)


def _parents(birth: Sequence[Any]) -> list[tuple[int, int]]:
    """Cell and generation of the parents of a birth; none of what came at random."""
    _, _, *parents = birth
    pairs = zip(parents[::2], parents[1::2], strict=True)
    return [pair for pair in pairs if pair[0] >= 0]


def _is_birth(value: Any) -> bool:
    """Whether a value is cell, fitness, and cell and generation of both parents."""
    if not isinstance(value, list) or len(value) != 6:
        return False
    cell, fitness, *parents = value
    return metrics.is_number(fitness) and all(type(n) is int for n in (cell, *parents))
