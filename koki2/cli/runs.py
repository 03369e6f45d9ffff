"""`koki2 runs`: a list of the runs under a folder."""

import dataclasses
import pathlib

from koki2.cli import output
from koki2.cli.arguments import Json
from koki2.session import run_list
from koki2.session.printing import printable


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """List the runs: complete, resumable, running, or broken."""

    runs_dir: pathlib.Path = pathlib.Path("runs")
    """Where runs are kept."""
    json: Json = False


def run(options: Options) -> int:
    """Lists."""
    lines = run_list.run_lines(options.runs_dir)
    nothing = f"no runs under {printable(options.runs_dir)}"
    text = (lambda: run_list.print_runs(lines)) if lines else nothing
    output.show({"runs": lines}, options.json, text)
    return 0
