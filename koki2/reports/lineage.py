"""`koki2 lineage`: who descends from whom in a run, as a phylogeny that others read.

The file is a table in the ALife data standards' format for phylogenies, which tools
of that community draw and measure; its own columns come after the standard's.
"""

import csv
import dataclasses
import io
import math
import pathlib
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

import tyro

from koki2 import runlog
from koki2.cli import output
from koki2.cli.plot import checked_out
from koki2.runlog import atomic

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


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """Write the line of descent of a run as a phylogeny (ALife data standards, CSV).

    A taxon is one genome. There are two in a generation g: the centre of the search,
    labelled centre_g, which descends from the centre of the generation before (the
    first from none), and the best of the candidates drawn around it, best_g, which
    descends from that centre and leaves nothing behind but its part in the next. The
    last centre does not end (inf); of a complete run it is the mean genome. Where a
    strategy keeps a population rather than a centre, the centre is what it takes for
    its mean. The other candidates are not kept, so they are no taxa.

    Of a run of koki2 qd a taxon is one elite, labelled cell_<c>_<g> after its cell and
    the generation it entered it in. It descends from the elites it was bred from, and
    ends when a fitter one takes its cell.

    Time is in generations. fitness is, of a best, its own; of a centre, the mean of its
    candidates; on the lives of that generation. trait_norm is the length of a centre's
    genome. env_steps is how many steps had been lived by its origin. What is not known
    is empty.
    """

    run: tyro.conf.Positional[pathlib.Path]
    """The run folder."""
    out: pathlib.Path | None = None
    """Where to, a .csv; none is lineage.csv in the folder of the run. A file that is
    there is replaced."""
    json: bool = False
    """Print one JSON object instead of text."""


def run(options: Options) -> int:
    """Reads, writes."""
    out = checked_out(options.out, options.run / "lineage.csv", (".csv",))
    rows = list(_checked(options.run))
    if not rows:
        raise runlog.InputError(
            f"{options.run} has no generations yet; if nobody is writing it, koki2 "
            f"resume {shlex.quote(str(options.run))} goes on with it."
        )
    text = io.StringIO()
    is_archive = "births" in rows[0]
    found = list(elites(rows) if is_archive else taxa(rows))
    columns = (*COLUMNS, "cell") if is_archive else COLUMNS
    table = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    table.writeheader()
    table.writerows(found)
    atomic.write_bytes(out, text.getvalue().encode())
    facts = {"out": str(out), "taxa": len(found), "generations": len(rows)}
    if options.json:
        output.print_json(facts)
    else:
        print(f"wrote {out}: {len(found)} taxa of {len(rows)} generations")
    return 0


def taxa(rows: list[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
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


def elites(rows: list[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
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
        for cell, fitness, *parents in row["births"]:
            pairs = zip(parents[::2], parents[1::2], strict=True)
            known = dict.fromkeys(number[pair] for pair in pairs if pair[0] >= 0)
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
    return {
        "id": 2 * g,
        "ancestor_list": f"[{2 * g - 2}]" if g else "[none]",
        "origin_time": g,
        "taxon_label": f"centre_{g}",
        "trait_norm": before.get("mean_norm", ""),
        "env_steps": before["env_steps"],
    }


def _checked(run: pathlib.Path) -> Iterator[dict[str, Any]]:
    """The rows, if they are those of an evolution from its first generation on.

    Raises:
      BrokenRunError: a row is missing, or lacks a number.
    """
    for g, row in enumerate(runlog.read_rows(run)):
        if row.get("generation") != g:
            raise runlog.BrokenRunError(
                f"{run}/generations.jsonl, line {g + 1}, should be generation {g}, is "
                f"{row.get('generation')!r}."
            )
        _check_births(run, g, row)
        for name in ("generation_best", "mean_fitness", "env_steps"):
            value = row.get(name)
            if not isinstance(value, int | float) or isinstance(value, bool):
                raise runlog.BrokenRunError(
                    f"{run}/generations.jsonl, line {g + 1}, should have a number "
                    f"{name}, got {value!r}; koki2 lineage reads runs of evolution."
                )
        yield row


def _check_births(run: pathlib.Path, g: int, row: Mapping[str, Any]) -> None:
    """Raises BrokenRunError unless births, if there are any, are as koki2 qd writes."""
    births = row.get("births", [])
    number = lambda x: isinstance(x, int | float) and not isinstance(x, bool)
    whole = lambda birth: len(birth) == 6 and all(map(number, birth))
    if not isinstance(births, list) or not all(
        isinstance(birth, list) and whole(birth) for birth in births
    ):
        raise runlog.BrokenRunError(
            f"{run}/generations.jsonl, line {g + 1}, should have births of six numbers "
            f"each, got {births!r:.80}."
        )
