"""`koki2 worlds`: the levels of the ladder, and what each asks of an agent."""

import dataclasses

from koki2.cli import output
from koki2.envs.registry import LEVELS


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """List the worlds, from the easiest on; `koki2 evo NAME` evolves agents in one.

    Environments of gymnax are worlds too: gymnax:CartPole-v1, or any other of discrete
    actions.
    """

    json: bool = False
    """Print one JSON object instead of a table."""


def run(options: Options) -> int:
    """Lists."""
    if options.json:
        output.print_json({"worlds": {n: v.summary for n, v in LEVELS.items()}})
    else:
        output.print_table(
            ("world", "asks"), [(n, v.summary) for n, v in LEVELS.items()]
        )
    return 0
