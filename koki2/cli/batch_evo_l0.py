"""`koki2 batch-evo-l0`: several seeds of one config, compiled once, a folder each."""

import contextlib
import dataclasses
import pathlib
import shlex
import sys
from typing import Annotated

import tyro
from annotated_types import Ge

from koki2 import runlog
from koki2.cli import drive, output, report
from koki2.cli.seeds import Seeds
from koki2.cli.settings import GROUPS, layered, Seed, Settings
from koki2.cli.signals import Stop


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """Evolve agents for several seeds, one after the other, with one compilation.

    Every seed gets the run folder that evo-l0 would have made: the same files.
    """

    settings: Settings = layered(*GROUPS)
    seeds: Seeds = ()
    """The seeds, as 0 1 2 or 0,1,2; none given takes seed-start and seed-count."""
    seed_start: Seed = 0
    """The first seed."""
    seed_count: Annotated[int, Ge(1)] = 3
    """How many seeds."""
    out_root: pathlib.Path = pathlib.Path("runs")
    """Where the run folders are made."""
    tag: str | None = None
    """A word of your own at the end of the folders' names."""
    log_every: Annotated[int, Ge(1)] | None = None
    """A plain line every so many generations; none is a bar, or a line now and then."""
    jit_es: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Accepted for old scripts' sake: the whole loop is always compiled."""
    json: bool = False
    """Print one JSON object instead of text."""


def run(options: Options) -> int:
    """Evolves, seed by seed."""
    return work("batch-evo-l0", options)


def work(command: str, options: Options) -> int:
    """Evolves, as the command of this name.

    Folders are made first, so that each can be resumed.
    """
    seeds = _seeds(options)
    evolutions = drive.evolve_many(options.settings.config, seeds)
    with contextlib.ExitStack() as held:
        runs = [
            held.enter_context(
                drive.start(
                    command,
                    options.settings,
                    seed,
                    options.out_root,
                    tag=options.tag,
                )
            )
            for seed in seeds
        ]
        stop = held.enter_context(Stop())
        for run_, evolution in zip(runs, evolutions, strict=True):
            if stop.signal is None:
                print(f"seed {run_.manifest['seed']}: {run_.path}", file=sys.stderr)
                drive.finish(run_, evolution, stop, log_every=options.log_every)
        is_complete = all(run_.summary is not None for run_ in runs)
        if options.json:
            status = "complete" if is_complete else "interrupted"
            output.print_json({"status": status, "runs": [*map(report.facts, runs)]})
        else:
            _print(runs)
        return 0 if is_complete else stop.code


def _seeds(options: Options) -> list[int]:
    first, count = options.seed_start, options.seed_count
    seeds = list(options.seeds) or list(range(first, first + count))
    if len(set(seeds)) < len(seeds):
        raise runlog.InputError(f"seeds should differ from each other, got {seeds}.")
    if max(seeds) >= 2**31:
        raise runlog.InputError(f"seeds should be below 2**31, got {max(seeds)}.")
    return seeds


def _print(runs: list[runlog.Run]) -> None:
    rows = []
    for run_ in runs:
        found = run_.summary or {}
        fitness = [found.get(f"{name}_fitness") for name in ("best", "mean")]
        status = found.get("status", "stopped")
        rows.append((run_.manifest["seed"], *fitness, status, str(run_.path)))
    output.print_table(("seed", "best fitness", "mean fitness", "status", "run"), rows)
    for run_ in runs:
        if run_.summary is None:
            print(f"next: koki2 resume {shlex.quote(str(run_.path))}")
