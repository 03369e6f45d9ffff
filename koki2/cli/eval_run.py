"""`koki2 eval-run`: the genomes of a run on episodes that search never saw.

What it finds it also leaves in the run, for `koki2 plot`; see `reports.heldout`.
"""

import dataclasses
import pathlib
from typing import Annotated, Any, Literal

from annotated_types import MinLen

from koki2 import evolution
from koki2.cli import output
from koki2.cli.arguments import Episodes, Json, Seeds
from koki2.cli.named import Named
from koki2.evolution.configs import POLICIES
from koki2.reports import heldout
from koki2.session import folders
from koki2.session.printing import printable
from koki2.session.verdicts import print_evaluation


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options(Named):
    """Judge the genomes of a run on unseen episodes, beside a baseline.

    Agents and baseline live the same episodes, so their difference is a paired one; it
    is shown with its 95% interval and its p values.
    """

    run_dir: pathlib.Path
    """The run folder."""
    episodes: Episodes = 64
    """Episodes per seed."""
    seed: Annotated[Seeds, MinLen(1)] = (0,)
    """Which episodes; several seeds are reported one by one."""
    baseline_policy: Literal[*POLICIES, "none"] = "greedy"  # pyrefly: ignore[invalid-literal]  # its names are those of a table
    """What to compare with."""
    genome: Literal["best", "mean", "both"] = "both"
    """Best of training, centre of the search, or both; of an archive, its best."""
    override_plast_eta: float | None = None
    """Another learning rate within a life; 0 asks whether learning helps at all."""
    json: Json = False


def run(options: Options) -> int:
    """Evaluates."""
    read = folders.read_folder(options.run_dir, options.given)
    folders.check_complete(options.run_dir, "genomes")
    genomes = tuple(sorted(read.kind.genomes))  # best first
    if options.genome != "both":
        folders.check_genome(read, options.genome)
        genomes = (options.genome,)
    judge = evolution.judge(_config(options, read.config))
    found = []
    for eval_seed in options.seed:
        lives = heldout.live(
            judge,
            read.path,
            genomes,
            read.seed,
            eval_seed=eval_seed,
            episodes=options.episodes,
            policy=options.baseline_policy,
        )
        found.append(heldout.compare(lives, eval_seed, options.baseline_policy))
        if options.override_plast_eta is None:
            _keep(options, lives, eval_seed)
        if not options.json:
            policy, episodes = options.baseline_policy, options.episodes
            print_evaluation(found[-1], policy, episodes=episodes)
    if options.json:
        output.print_json(
            {
                "run": str(options.run_dir),
                "seed": read.seed,
                "episodes": options.episodes,
                "plast_eta": options.override_plast_eta,
                "evaluations": found,
            }
        )
    return 0


def _config(options: Options, config: Any) -> Any:
    eta = options.override_plast_eta
    if eta is None:
        return config
    if not config.agent.plast_enabled:
        output.note("eval-run", "this run's agents do not learn at all")
    agent = dataclasses.replace(config.agent, plast_eta=eta)
    return dataclasses.replace(config, agent=agent)


def _keep(options: Options, lives: heldout.Lives, eval_seed: int) -> None:
    try:
        heldout.keep(options.run_dir, lives, eval_seed, options.episodes)
    except OSError as error:  # a run of somebody else's may be judged all the same
        output.note("eval-run", f"not kept for koki2 plot: {printable(error)}")
