"""`koki2 golden make|check FILE`: does a small set of runs come out the same here?"""

import dataclasses
import pathlib
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import tyro

from koki2.cli import output
from koki2.cli.arguments import Force, Json
from koki2.session import golden
from koki2.session.printing import printable, say


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """Record the digests of a set of runs, or check them here and now.

    The set is a sweep file, or several under [[case]]. Its digests stand beside it, an
    entry per environment. Exit code 0: identical, or recorded; 1: not, and then it is
    said which generation is the first to differ, and what changed in the environment.
    """

    action: Annotated[
        tyro.conf.Positional[Literal["make", "check"]],
        tyro.conf.arg(
            metavar="make|check",
            help="make records the digests of this environment, check compares.",
        ),
    ]
    file: tyro.conf.Positional[pathlib.Path]
    """The set, .toml or .json; docs/golden.md describes it."""
    reason: str | None = None
    """Why digests that are there may be replaced where they moved; kept in the file."""
    objects: tuple[str, ...] = ()
    """The objects from outside koki2 that the file names, FILE.py:NAME of each, as it
    does; they are looked for beside it."""
    force: Force = False
    json: Json = False


def run(options: Options) -> int:
    """Records, or checks."""
    named = options.objects
    if options.action == "make":
        facts = golden.make(
            options.file, named=named, reason=options.reason, force=options.force
        )
        output.show(facts, options.json, lambda: _print_made(facts))
        return 0 if facts["written"] or facts["identical"] else 1
    facts = golden.check(options.file, named=named, force=options.force)
    output.show(facts, options.json, lambda: _print_checked(facts))
    return 0 if facts["identical"] else 1


def _print_made(facts: Mapping[str, Any]) -> None:
    _print_differences(facts)
    digests = printable(facts["digests"])
    if facts["written"]:
        say(f"written: {digests}")
    elif facts["identical"]:
        say(f"identical: {_count(facts)} of {digests}; nothing to write")
    else:
        _print_changes(facts)
        say(f"nothing was written; --reason TEXT replaces what moved in {digests}")


def _print_checked(facts: Mapping[str, Any]) -> None:
    _print_differences(facts)
    digests = printable(facts["digests"])
    for name in facts["missing"]:
        say(
            f"missing: {printable(name)} is not in {digests}; koki2 golden make adds it"
        )
    for name in facts["left_out"]:
        say(f"left out: {printable(name)} is in {digests}, and not in the set")
    if facts["identical"]:
        say(f"identical: {_count(facts)} of {digests}")
    if facts["nearest"]:
        say("no entry is of this environment; of the nearest, these differ:")
        _print_lines(facts["nearest"])
    if not facts["identical"]:
        _print_changes(facts)


def _print_differences(facts: Mapping[str, Any]) -> None:
    for run_ in facts["runs"]:
        difference = run_["first_difference"]
        if difference is None:
            continue
        name = f"different: {printable(run_['run'])}:"
        if difference["what"] == "row":
            unit, columns = difference["unit"], ", ".join(difference["columns"])
            say(f"{name} {unit} {difference[unit]} is the first; columns: {columns}")
        else:
            say(
                f"{name} the {difference['what']}, in {', '.join(difference['arrays'])}"
            )


def _print_changes(facts: Mapping[str, Any]) -> None:
    changes = [*facts["config"], *facts["environment"]]
    if changes:
        say("changed since the digests were made:")
        _print_lines(changes)
    else:
        say("nothing that is known to matter changed since the digests were made")


def _print_lines(lines: list[str]) -> None:
    for line in lines:
        say(f"  {printable(line)}")


def _count(facts: Mapping[str, Any]) -> str:
    count = len(facts["runs"])
    return f"all {count} runs" if count > 1 else "the run"
