"""`koki2 eval-run`: the genomes of a run on episodes that search never saw.

What it finds it also leaves in the run, for `koki2 plot`; see `reports.heldout`.
"""

import dataclasses
import functools
import pathlib
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

import tyro
from annotated_types import MinLen

from koki2 import evolution
from koki2.cli import output
from koki2.cli.arguments import BaselineOrNone, Episodes, Json, Seeds
from koki2.cli.named import Named
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
    baseline_policy: BaselineOrNone = "greedy"
    genome: Literal["best", "mean", "both"] = "both"
    """Best of training, centre of the search, or both; of an archive, its best."""
    override_plast_eta: float | None = None
    """Another learning rate within a life; 0 asks whether learning helps at all."""
    lesion: Annotated[
        tuple[str, ...],
        tyro.conf.arg(
            help="Also without one of these at a time: a sense, by its name or kind "
            "(gradient, needs), which reads as zero, or as in another episode with "
            "@other behind it; recurrent weights (recurrent); learning (frozen); what "
            "learning hears (events)."
        ),
    ] = ()
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
        which = {"eval_seed": eval_seed, "episodes": options.episodes}
        lesions = _lesioned(options, judge, read, genomes, which)
        lives = {**heldout.live(judge, read.path, genomes, read.seed, **which)}
        policy = options.baseline_policy
        if policy != "none":
            policy, lived = heldout.live_baseline(judge, policy, **which)
            lives[policy] = lived
        found.append(heldout.compare(lives, eval_seed, policy) | lesions)
        if options.override_plast_eta is None:
            _keep(options, lives, eval_seed)
        if policy != options.baseline_policy:
            output.note("eval-run", f"the best of all that see nothing is {policy}")
        if not options.json:
            print_evaluation(found[-1], policy, episodes=options.episodes)
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


def _lesioned(
    options: Options,
    judge: Any,
    read: folders.RunFolder,
    genomes: Iterable[str],
    which: Mapping[str, int],
) -> dict[str, Any]:
    """What lesions took from each genome; nothing where none is asked for."""
    if not options.lesion:
        return {}
    live = functools.partial(heldout.live_lesioned, judge, read.path)
    lesioned = {
        genome: heldout.compare_lesions(
            live(genome, read.seed, options.lesion, **which)
        )
        for genome in genomes
    }
    return {"lesions": lesioned}


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
