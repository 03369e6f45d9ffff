"""`koki2 replay`: runs a run again, in memory, and says if it comes out the same."""

import dataclasses

from koki2 import runlog
from koki2.cli import output
from koki2.cli.arguments import Json, RunPath
from koki2.cli.named import Named
from koki2.session import folders, kinds, startup
from koki2.session.replay import first_difference
from koki2.session.verdicts import print_replay


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options(Named):
    """Run a run again from its config and seed, and compare every row and artifact.

    Nothing is written. Exit code 0: identical; 1: not, and then it is said where, and
    what changed in code, versions and machine since.
    """

    run: RunPath
    json: Json = False


def run(options: Options) -> int:
    """Replays."""
    old = runlog.read_manifest(options.run)
    startup.restore(old, f"{options.run}/manifest.json")
    read = folders.read_folder(options.run, options.given)
    rows = sum(1 for _ in runlog.read_rows(options.run))
    (program,) = kinds.build(read.kind, [(read.config, read.seed)])
    difference = first_difference(read, program)
    plain = runlog.read_config(options.run)["config"]
    now = startup.manifest(old.get("command", ""), read.seed, plain)
    facts = {
        "run": str(options.run),
        "identical": difference is None,
        f"{read.kind.unit}s": rows,
        "is_complete": read.is_complete,
        "first_difference": difference,
        "environment": runlog.differences(old, now),
    }
    output.show(facts, options.json, lambda: print_replay(facts, rows))
    return 0 if difference is None else 1
