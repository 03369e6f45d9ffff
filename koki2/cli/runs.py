"""`koki2 runs`: a list of the runs under a folder."""

import dataclasses
import pathlib

from koki2 import runlog
from koki2.cli import output


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """List the runs: complete, resumable, running, or broken."""

    runs_dir: pathlib.Path = pathlib.Path("runs")
    """Where runs are kept."""
    json: bool = False
    """Print one JSON object instead of a table."""


def run(options: Options) -> int:
    """Lists."""
    found = runlog.list_runs(options.runs_dir)
    if options.json:
        rows = [dataclasses.asdict(info) | {"path": str(info.path)} for info in found]
        output.print_json({"runs": rows})
    elif found:
        columns = ("run", "status", "seed", "generations", "best fitness")
        rows = [
            (i.path.name, i.status, i.seed, i.units, i.last.get("best_fitness"))
            for i in found
        ]
        output.print_table(columns, rows)
        for info in found:
            if info.problem is not None:
                print(f"{info.path.name}: {info.problem}")
    else:
        print(f"no runs under {options.runs_dir}")
    return 0
