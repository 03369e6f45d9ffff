"""`koki2 descriptors`: is the behaviour space of a run worth anything?"""

import dataclasses
from typing import Annotated

from annotated_types import Ge, Gt, Le

from koki2.cli import output
from koki2.cli.arguments import Episodes, Json, RunPath
from koki2.cli.named import Named
from koki2.measures.configs import DescriptorConfig
from koki2.reports import behaviour, exchange, unseen_archive
from koki2.session import folders
from koki2.session.settings import Seed
from koki2.session.verdicts import print_behaviour

Share = Annotated[float, Ge(0), Le(1)]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options(Named):
    """Judge the descriptors of a run of koki2 qd on unseen episodes of its elites.

    The elites live again; all that can be measured of an episode is set against the
    descriptors that span the archive. Have the metrics anything in common (sampling
    adequacy, sphericity)? Do the descriptors tell it (reconstruction)? Are those near
    in the archive alike (trustworthiness), and those alike near (continuity)? And what
    does the archive cover with every elite in the cell where it behaves unseen? That is
    kept in the run, and koki2 plot draws it beside what search saw.
    """

    run: RunPath
    samples: Annotated[int, Ge(3), Le(4096)] = 512
    """Elites judged at most, spread evenly over the archive."""
    episodes: Episodes = 16
    """Episodes of each."""
    eval_seed: Seed = 0
    """Which episodes."""
    neighbours: Annotated[int, Ge(1)] = 5
    """Size of a neighbourhood."""
    kmo_min: Share = 0.6
    """Least sampling adequacy (Kaiser, Meyer, Olkin)."""
    p_max: Share = 0.05
    """Greatest p-value of Bartlett's test of sphericity."""
    error_max: Annotated[float, Gt(0)] = 0.5
    """Greatest share of the metrics' variance that descriptors may fail to tell."""
    preserved_min: Share = 0.7
    """Least trustworthiness, and least continuity."""
    json: Json = False


def run(options: Options) -> int:
    """Judges."""
    read = folders.with_archive(options.run, "koki2 descriptors", options.given)
    folders.check_complete(options.run, "archive")
    limits = DescriptorConfig(
        kmo_min=options.kmo_min,
        p_max=options.p_max,
        error_max=options.error_max,
        preserved_min=options.preserved_min,
        preserved_warn=max(options.preserved_min, 0.85),
        neighbours=options.neighbours,
    )
    judged = behaviour.judge(
        read.config,
        read.seed,
        exchange.archive_of(options.run, read.config),
        limits,
        samples=options.samples,
        episodes=options.episodes,
        eval_seed=options.eval_seed,
    )
    _keep(options, unseen_archive.Unseen(**judged["archive"]["unseen"]))
    found = {"run": str(options.run)} | judged
    output.show(found, options.json, lambda: print_behaviour(found))
    return 0


def _keep(options: Options, found: unseen_archive.Unseen) -> None:
    try:
        unseen_archive.keep(options.run, found)
    except OSError as error:  # a run of somebody else's may be judged all the same
        output.note("descriptors", f"not kept for koki2 plot: {error}")
