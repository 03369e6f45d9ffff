"""`koki2 batch-evo WORLD`: several seeds, compiled once, a run folder each."""

import contextlib
import dataclasses
import pathlib
import shlex
import sys
from typing import Annotated

import tyro
from annotated_types import Ge

from koki2 import runlog
from koki2.cli import output
from koki2.cli.seeds import Seeds
from koki2.session import driver, folders, kinds
from koki2.session.progress import progress
from koki2.session.settings import layered, Seed, Settings
from koki2.session.signals import Stop


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """Evolve agents for several seeds, one after the other, with one compilation.

    Every seed gets the run folder that evo would have made: the same files.
    """

    settings: Settings = layered("evo")
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
    """Evolves, seed by seed. Folders are made first, so that each can be resumed."""
    settings, seeds = options.settings, _seeds(options)
    kind = settings.kind
    programs = kinds.build(kind, settings.config, seeds)
    with contextlib.ExitStack() as held:
        runs = [held.enter_context(_start(options, seed)) for seed in seeds]
        stop = held.enter_context(Stop())
        for run_, program in zip(runs, programs, strict=True):
            if stop.signal is None:
                print(f"seed {run_.manifest['seed']}: {run_.path}", file=sys.stderr)
                shown = progress(kind, program, log_every=options.log_every)
                driver.finish(run_, program, kind, stop, sinks=[shown])
        is_complete = all(run_.summary is not None for run_ in runs)
        if options.json:
            status = "complete" if is_complete else "interrupted"
            facts = [*map(output.run_facts, runs)]
            output.print_json({"status": status, "runs": facts})
        else:
            _print(kind, runs)
        return 0 if is_complete else stop.code


def _start(options: Options, seed: int) -> runlog.Run:
    settings = options.settings
    return folders.start(
        settings.command,
        settings.kind,
        settings.config,
        seed,
        options.out_root,
        provenance=settings.provenance,
        objects=settings.objects,
        tag=options.tag,
    )


def _seeds(options: Options) -> list[int]:
    first, count = options.seed_start, options.seed_count
    seeds = list(options.seeds) or list(range(first, first + count))
    if len(set(seeds)) < len(seeds):
        raise runlog.InputError(f"seeds must differ from each other, got {seeds}.")
    if max(seeds) >= 2**31:
        raise runlog.InputError(f"seeds must be below 2**31, got {max(seeds)}.")
    return seeds


def _print(kind: kinds.Kind, runs: list[runlog.Run]) -> None:
    summaries = [run_.summary or {} for run_ in runs]
    names = list(dict.fromkeys(n for s in summaries for n in kind.headline(s)))
    rows = []
    for run_, summary in zip(runs, summaries, strict=True):
        values = [kind.headline(summary).get(name) for name in names]
        status = summary.get("status", "stopped")
        rows.append((run_.manifest["seed"], *values, status, str(run_.path)))
    headings = [name.replace("_", " ") for name in names]
    output.print_table(("seed", *headings, "status", "run"), rows)
    for run_ in runs:
        if run_.summary is None:
            print(f"next: koki2 resume {shlex.quote(str(run_.path))}")
