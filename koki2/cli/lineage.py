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
    table = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
    table.writeheader()
    found = list(taxa(rows))
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
        for name in ("generation_best", "mean_fitness", "env_steps"):
            value = row.get(name)
            if not isinstance(value, int | float) or isinstance(value, bool):
                raise runlog.BrokenRunError(
                    f"{run}/generations.jsonl, line {g + 1}, should have a number "
                    f"{name}, got {value!r}; koki2 lineage reads runs of evolution."
                )
        yield row
