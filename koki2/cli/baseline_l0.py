"""`koki2 baseline-l0`: what a policy that has no genome achieves."""

import dataclasses
from typing import Annotated, Literal

from annotated_types import Ge

from koki2 import evolution
from koki2.cli import metrics, output
from koki2.cli.settings import layered, Seed, Settings


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """Let a policy that has no genome live, and report the means.

    The lives are those of eval-run with the same seed and world.
    """

    settings: Settings = layered("env", "fitness")
    policy: Literal["greedy", "random", "stay", "oracle"] = "greedy"
    """greedy follows the gradient, oracle knows the good sources."""
    episodes: Annotated[int, Ge(1)] = 16
    """Lives."""
    seed: Seed = 0
    """Which lives."""
    json: bool = False
    """Print one JSON object instead of a table."""


def run(options: Options) -> int:
    """Evaluates."""
    lives = evolution.evaluate_baseline(
        options.settings.config,
        options.policy,
        eval_seed=options.seed,
        episodes=options.episodes,
    )
    found = metrics.means(lives)
    if options.json:
        names = ("policy", "episodes", "seed")
        output.print_json({n: getattr(options, n) for n in names} | found)
        return 0
    print(f"{options.policy}, {options.episodes} lives, seed {options.seed}")
    output.print_table(("metric", "value"), list(found.items()))
    return 0
