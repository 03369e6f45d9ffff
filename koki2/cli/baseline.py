"""`koki2 baseline WORLD`: what a policy without a genome achieves in any world."""

import dataclasses
from typing import Annotated, Literal

from annotated_types import Ge, Le

from koki2 import evolution, runlog
from koki2.cli import output
from koki2.evolution.configs import POLICIES
from koki2.reports import metrics
from koki2.session.settings import layered, Seed, Settings


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """Let a policy that has no genome live in a world, and report the means.

    The lives are those of eval-run with the same seed and world.
    """

    settings: Settings = layered("evo", "env", "fitness")
    policy: Literal[*POLICIES] = "greedy"  # pyrefly: ignore[invalid-literal]  # its names are those of a table
    """greedy follows the gradient, competent does what the world asks for by script,
    oracle knows the whole truth."""
    episodes: Annotated[int, Ge(1), Le(65_536)] = 16
    """Lives."""
    seed: Seed = 0
    """Which lives."""
    json: bool = False
    """Print one JSON object instead of a table."""


def run(options: Options) -> int:
    """Evaluates."""
    try:
        lives = evolution.evaluate_baseline(
            options.settings.config,
            options.policy,
            eval_seed=options.seed,
            episodes=options.episodes,
        )
    except ValueError as error:
        raise runlog.InputError(str(error)) from error
    means = metrics.means(lives)
    if options.json:
        names = ("policy", "episodes", "seed")
        output.print_json({n: getattr(options, n) for n in names} | means)
        return 0
    print(f"{options.policy}, {options.episodes} lives, seed {options.seed}")
    output.print_table(("metric", "value"), list(means.items()))
    return 0
