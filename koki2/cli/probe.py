"""`koki2 probe`: is a genome of a run competent, and which of its senses does it use?

What it finds it also leaves in the run; see `reports.probe`.
"""

import dataclasses
from typing import Annotated, Literal

from annotated_types import Ge, Le

from koki2 import evolution
from koki2.cli import output
from koki2.cli.arguments import Json, RunPath
from koki2.cli.named import Named
from koki2.reports import probe
from koki2.session import folders
from koki2.session.printing import printable
from koki2.session.settings import Seed
from koki2.session.verdicts import print_probe


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options(Named):
    """Set a genome beside every policy that sees nothing, and beside itself lesioned.

    All live the same unseen episodes. A claim of competence is: better than the best
    blind policy, and worse under both lesions of a sense.
    """

    run: RunPath
    episodes: Annotated[int, Ge(2), Le(65_536)] = 512
    """Episodes."""
    seed: Seed = 0
    """Which episodes."""
    genome: Literal["best", "mean"] | None = None
    """Best of training, or centre of the search; none is the one that counts first."""
    json: Json = False


def run(options: Options) -> int:
    """Probes, keeps, prints."""
    read = folders.read_folder(options.run, options.given)
    folders.check_complete(options.run, "genomes")
    genome = options.genome or read.kind.genomes[0]
    folders.check_genome(read, genome)
    judge = evolution.judge(read.config)
    which = {"eval_seed": options.seed, "episodes": options.episodes}
    found = probe.probe(judge, read.path, genome, read.seed, **which)
    try:
        probe.keep(options.run, found)
    except OSError as error:  # a run of somebody else's may be probed all the same
        output.note("probe", f"not kept in the run: {printable(error)}")
    facts = {"run": str(options.run), "run_seed": read.seed} | found
    output.show(facts, options.json, lambda: print_probe(found))
    return 0
