"""`koki2 worlds`: the levels of the ladder, and what each asks of an agent."""

import dataclasses

from koki2.cli import output
from koki2.cli.arguments import Json
from koki2.envs.registry import LEVELS
from koki2.session.tables import print_table


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """List the worlds, from the easiest on; `koki2 evo NAME` evolves agents in one.

    Environments of gymnax are worlds too: gymnax:CartPole-v1, or any other of discrete
    actions.
    """

    json: Json = False


def run(options: Options) -> int:
    """Lists."""
    asks = {name: level.summary for name, level in LEVELS.items()}
    table = lambda: print_table(("world", "asks"), list(asks.items()))
    output.show({"worlds": asks}, options.json, table)
    return 0
