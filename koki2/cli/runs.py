"""`koki2 runs`: a list of the runs under a folder."""

import dataclasses
import pathlib
from typing import Any

from koki2 import runlog
from koki2.cli import output
from koki2.cli.arguments import Json
from koki2.session.kinds import KINDS


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """List the runs: complete, resumable, running, or broken."""

    runs_dir: pathlib.Path = pathlib.Path("runs")
    """Where runs are kept."""
    json: Json = False


def run(options: Options) -> int:
    """Lists."""
    lines = [_facts(info) for info in runlog.list_runs(options.runs_dir)]
    text = (lambda: _print(lines)) if lines else f"no runs under {options.runs_dir}"
    output.show({"runs": lines}, options.json, text)
    return 0


def _facts(info: runlog.RunInfo) -> dict[str, Any]:
    kind = KINDS.get(info.kind or "")
    facts: dict[str, Any] = dataclasses.asdict(info) | {"path": str(info.path)}
    facts |= {"headline": kind.headline(facts.pop("last")) if kind else {}}
    return facts | {"unit": kind.unit if kind else None}


def _print(lines: list[dict[str, Any]]) -> None:
    names = list(dict.fromkeys(name for line in lines for name in line["headline"]))
    names = names[:2]  # what fits on a line
    rows = [
        (
            pathlib.Path(line["path"]).name,
            line["status"],
            line["seed"],
            f"{line['units']} {line['unit'] or 'row'}s",
            *(line["headline"].get(name) for name in names),
        )
        for line in lines
    ]
    headings = [name.replace("_", " ") for name in names]
    output.print_table(("run", "status", "seed", "done", *headings), rows)
    for line in lines:
        if line["problem"] is not None:
            print(f"{pathlib.Path(line['path']).name}: {line['problem']}")
