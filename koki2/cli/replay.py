"""`koki2 replay`: runs a run again, in memory, and says if it comes out the same."""

import dataclasses
import itertools
import pathlib
from typing import Any

import tyro

from koki2 import runlog
from koki2.cli import drive, output, settings, startup
from koki2.runlog import jsontext


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """Run a run again from its config and seed, and compare every row and genome.

    Nothing is written. Exit code 0: identical; 1: not, and then it is said where, and
    what changed in code, versions and machine since.
    """

    run: tyro.conf.Positional[pathlib.Path]
    """The run folder."""
    json: bool = False
    """Print one JSON object instead of text."""


def run(options: Options) -> int:
    """Replays."""
    config, seed = settings.of_run(options.run)
    old = runlog.read_manifest(options.run)
    startup.restore(old)
    rows = list(runlog.read_rows(options.run))
    found = _first_difference(options.run, rows, drive.evolve(config, seed), config)
    now = startup.manifest(old.get("command", ""), seed, dataclasses.asdict(config))
    facts = {
        "run": str(options.run),
        "identical": found is None,
        "generations": len(rows),
        "is_complete": runlog.read_summary(options.run) is not None,
        "first_difference": found,
        "environment": runlog.differences(old, now),
    }
    if options.json:
        output.print_json(facts)
    else:
        _print(facts)
    return 0 if found is None else 1


def _first_difference(run_dir, rows, evolution, config) -> dict[str, Any] | None:
    """Where a replay first departs from what is on disk; None if nowhere."""
    total = config.loop.generations
    is_complete = runlog.read_summary(run_dir) is not None
    if len(rows) > total or (is_complete and len(rows) < total):
        raise runlog.BrokenRunError(
            f"{run_dir} should have {total} rows, as its config says, has {len(rows)}."
        )
    told, carry = iter(rows), evolution.init()
    end = total if is_complete else len(rows)
    for chunk in drive.chunks(evolution, carry, end):
        carry = chunk.carry
        theirs_now = itertools.islice(told, len(chunk.rows))  # fewer where it stopped
        for ours, theirs in zip(chunk.rows, theirs_now, strict=False):
            fields = _fields(theirs, ours)
            if fields:
                generation = theirs.get("generation")
                return {"what": "row", "generation": generation, "fields": fields}
    if not is_complete:
        return None
    for which, arrays in evolution.products(carry).items():
        names = _array_differences(runlog.read_artifact(run_dir, which), arrays)
        if names:
            return {"what": which.replace("_", " "), "arrays": names}
    return None


def _fields(then: dict[str, Any], now: dict[str, Any]) -> dict[str, list[Any]]:
    """Fields that are not the same to the last bit: then and now."""
    missing = "missing"
    return {
        name: [then.get(name, missing), now.get(name, missing)]
        for name in {**then, **now}
        if _spelt(then, name) != _spelt(now, name)
    }


def _spelt(row: dict[str, Any], name: str) -> bytes | None:
    return jsontext.encode(row[name], where=name) if name in row else None


def _array_differences(then: dict[str, Any], now: dict[str, Any]) -> list[str]:
    return [
        name
        for name in sorted({*then, *now})
        if name not in then
        or name not in now
        or then[name].dtype != now[name].dtype
        or then[name].shape != now[name].shape
        or then[name].tobytes() != now[name].tobytes()
    ]


def _print(facts: dict[str, Any]) -> None:
    if facts["identical"]:
        left = " and what it left" if facts["is_complete"] else ""
        print(f"identical: all {facts['generations']} rows{left} of {facts['run']}")
    else:
        found = facts["first_difference"]
        if found["what"] == "row":
            print(f"different: generation {found['generation']} is the first")
            for name, (then, now) in found["fields"].items():
                print(f"  {name}: {then} then, {now} now")
        else:
            print(f"different: the {found['what']}, in {', '.join(found['arrays'])}")
    if facts["environment"]:
        print("changed since the run was made:")
        for line in facts["environment"]:
            print(f"  {line}")
    elif not facts["identical"]:
        print("nothing that is known to matter changed since the run was made")
