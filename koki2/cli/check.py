"""`koki2 check FILE.py:NAME`: the contract tests, on an object of your own."""

import dataclasses
from typing import Literal

import tyro

from koki2.cli import output
from koki2.cli.arguments import Json
from koki2.session import checking
from koki2.session.tables import print_table


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """Run the contract tests on an object, and print what it breaks.

    Exit code 0: it keeps the contract; 1: it does not.
    """

    name: tyro.conf.Positional[str]
    """What to check: FILE.py:NAME, or any that koki2 knows by name."""
    role: Literal["world", "strategy", "agent", "genome", "emitter", "descriptor"] = (
        "world"
    )
    """What it is."""
    json: Json = False


def run(options: Options) -> int:
    """Checks."""
    found = checking.broken(options.role, options.name)
    facts = {
        options.role: options.name,
        "broken": {name: text for name, text in found.items() if text},
    }
    rows = [(name, text or "kept") for name, text in found.items()]
    output.show(facts, options.json, lambda: print_table(("contract", ""), rows))
    return 1 if facts["broken"] else 0
