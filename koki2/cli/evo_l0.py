"""`koki2 evo-l0`: one evolution, from a seed to a complete run folder."""

import dataclasses
import pathlib
from typing import Annotated

import tyro
from annotated_types import Ge

from koki2.cli import drive, output, report
from koki2.cli.settings import GROUPS, layered, Seed, Settings
from koki2.cli.signals import Stop
from koki2.runlog import folder


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """Evolve agents for one seed and leave a run folder, complete and resumable."""

    settings: Settings = layered(*GROUPS)
    seed: Seed = 0
    """The seed: same seed, same config, same run, bit for bit."""
    out_dir: pathlib.Path | None = None
    """The run folder itself, new or empty; none makes one under runs-dir."""
    runs_dir: pathlib.Path = pathlib.Path("runs")
    """Where run folders are made."""
    log_every: Annotated[int, Ge(1)] | None = None
    """A plain line every so many generations; none is a bar, or a line now and then."""
    jit_es: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Accepted for old scripts' sake: the whole loop is always compiled."""
    json: bool = False
    """Print one JSON object instead of text."""


def run(options: Options) -> int:
    """Evolves."""
    return work("evo-l0", options)


def work(command: str, options: Options) -> int:
    """Evolves, as the command of this name."""
    if options.out_dir is not None and options.out_dir.is_dir():
        folder.check_new(
            options.out_dir
        )  # before JAX starts; `start` has the last word
    evolution = drive.evolve(options.settings.config, options.seed)
    with (
        drive.start(
            command,
            options.settings,
            options.seed,
            options.runs_dir,
            out_dir=options.out_dir,
        ) as run_,
        Stop() as stop,
    ):
        drive.finish(run_, evolution, stop, log_every=options.log_every)
        if options.json:
            output.print_json(report.facts(run_))
        else:
            report.print_end(run_)
        return stop.code if run_.summary is None else 0
