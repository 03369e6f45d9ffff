"""`koki2 check FILE.py:NAME`: the contract tests, on a world of your own."""

import dataclasses

import tyro

from koki2 import runlog
from koki2.cli import output
from koki2.cli.arguments import Json
from koki2.session.settings import find_level


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """Run the contract tests of worlds on one, and print what it breaks.

    Exit code 0: it keeps the contract; 1: it does not.
    """

    world: tyro.conf.Positional[str]
    """The world, FILE.py:NAME, or any that koki2 knows by name."""
    json: Json = False


def run(options: Options) -> int:
    """Checks."""
    from koki2.envs import contract, make

    level = find_level(options.world, {})
    with runlog.raising(runlog.InputError):
        env = make(level.config)
    broken = {}
    for name, check in contract.CHECKS.items():
        try:
            check(env)
        except AssertionError as error:
            broken[name] = str(error)
    rows = [(name, broken.get(name, "kept")) for name in contract.CHECKS]
    facts = {"world": options.world, "broken": broken}
    output.show(facts, options.json, lambda: output.print_table(("contract", ""), rows))
    return 1 if broken else 0
