"""`koki2 worlds`: the levels of the ladder, and what each asks of an agent."""

import dataclasses
from collections.abc import Mapping

from koki2.cli import output
from koki2.cli.arguments import Json
from koki2.envs.registry import LEVELS
from koki2.envs.world import Settings
from koki2.session.printing import say
from koki2.session.tables import print_table


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """List the worlds, from the easiest on; `koki2 evo NAME` evolves agents in one.

    Environments of gymnax are worlds too: gymnax:CartPole-v1, or any other of discrete
    actions. A level may have settings of its own, which it brings with it: flags
    overrule them.
    """

    json: Json = False


def run(options: Options) -> int:
    """Lists."""
    asks = {name: level.summary for name, level in LEVELS.items()}
    settings = {
        name: {group: dict(table) for group, table in level.settings.items()}
        for name, level in LEVELS.items()
        if level.settings
    }
    facts = {"worlds": asks, "settings": settings}
    output.show(facts, options.json, lambda: _print(asks, settings))
    return 0


def _print(asks: Mapping[str, str], settings: Mapping[str, Settings]) -> None:
    print_table(("world", "asks"), list(asks.items()))
    for name, groups in settings.items():
        said = [f"{n} {v}" for table in groups.values() for n, v in table.items()]
        say(f"settings of {name}: {', '.join(said)}")
