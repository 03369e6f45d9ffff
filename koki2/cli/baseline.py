"""`koki2 baseline WORLD`: what a policy without a genome achieves in any world."""

import dataclasses

from koki2 import evolution, runlog
from koki2.cli import output
from koki2.cli.arguments import Baseline, Episodes, Json
from koki2.reports import metrics
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
    policy, episodes, seed = options.policy, options.episodes, options.seed
    config = options.settings.config
    with runlog.raising(runlog.InputError):
        lives = evolution.evaluate_baseline(
            config, policy, eval_seed=seed, episodes=episodes
        )
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
