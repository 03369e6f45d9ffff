"""`koki2 baseline WORLD`: what a policy without a genome achieves in any world."""

import dataclasses

from koki2 import evolution, runlog
from koki2.cli import output
from koki2.cli.arguments import Baseline, Episodes, Json
from koki2.reports import heldout, metrics
from koki2.session.settings import layered, Seed, Settings
from koki2.session.tables import print_table


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """Let a policy that has no genome live in a world, and report the means.

    The episodes are those of eval-run with the same seed and world.
    """

    settings: Settings = layered("evo", "env", "fitness")
    policy: Baseline = "greedy"
    episodes: Episodes = 16
    """Episodes."""
    seed: Seed = 0
    """Which episodes."""
    json: Json = False


def run(options: Options) -> int:
    """Evaluates."""
    episodes, seed = options.episodes, options.seed
    with runlog.raising(runlog.InputError):
        judge = evolution.judge(options.settings.config)
    policy, lives = heldout.live_baseline(
        judge, options.policy, eval_seed=seed, episodes=episodes
    )
    if policy != options.policy:
        output.note("baseline", f"the best of all policies that see nothing: {policy}")
    means = metrics.means(lives)
    facts = {"policy": policy, "episodes": episodes, "seed": seed}
    output.show(
        facts | means,
        options.json,
        lambda: print_table(
            ("metric", "value"),
            list(means.items()),
            title=f"{policy}, {episodes} episodes, seed {seed}",
        ),
    )
    return 0
