"""`koki2 batch-evo WORLD`: several seeds, compiled once, a run folder each."""

import contextlib
import dataclasses
import pathlib
from typing import Annotated

from annotated_types import Ge

from koki2 import runlog
from koki2.cli import output
from koki2.cli.arguments import Force, JitES, Json, LogEvery, Seeds
from koki2.session import driver, estimate, folders, kinds, processes
from koki2.session.follower import AnyRun
from koki2.session.printing import printable, say, shell_word
from koki2.session.progress import progress
from koki2.session.settings import layered, Seed, Settings
from koki2.session.signals import Stop
from koki2.session.tables import print_table


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """Evolve agents for several seeds, one after the other, with one compilation.

    Every seed gets the run folder that evo would have made: the same files.
    """

    settings: Settings = layered("evo")
    seeds: Seeds = ()
    """The seeds, as 0 1 2 or 0,1,2; none given takes seed-start and seed-count."""
    seed_start: Seed | None = None
    """The first seed, where seeds are not named; none is 0."""
    seed_count: Annotated[int, Ge(1)] | None = None
    """How many seeds, where they are not named; none is 3."""
    out_root: pathlib.Path = pathlib.Path("runs")
    """Where the run folders are made."""
    tag: str | None = None
    """A word of your own at the end of the folders' names."""
    log_every: LogEvery = None
    force: Force = False
    jit_es: JitES = False
    json: Json = False


def run(options: Options) -> int:
    """Evolves, seed by seed. Folders are made first, so that each can be resumed."""
    settings, kind = options.settings, options.settings.kind
    count = len(options.seeds) or options.seed_count or 3
    processes.join()
    estimate.check(kind, settings.config, count, force=options.force)
    seeds = _seeds(options, count)
    programs = kinds.build(kind, [(settings.config, seed) for seed in seeds])
    with contextlib.ExitStack() as held:
        runs: list[AnyRun] = []
        for seed in seeds:
            run_ = folders.start(settings, seed, options.out_root, tag=options.tag)
            held.enter_context(run_)
            runs.append(run_)
        stop = held.enter_context(Stop())
        end = lambda: _end(options, kind, runs)
        stop.last_words = end
        for run_ in runs:
            if processes.is_first():
                say(f"seed {run_.manifest['seed']}: {printable(run_.path)}", error=True)
        for run_, program in zip(runs, programs, strict=True):
            if stop.signal is None:
                shown = progress(kind, program, log_every=options.log_every)
                driver.finish(run_, program, kind, stop, sinks=[shown])
        return 0 if end() else stop.code


def _end(options: Options, kind: kinds.Kind, runs: list[AnyRun]) -> bool:
    """Says how the runs ended, and whether all are complete."""
    is_complete = all(run_.summary is not None for run_ in runs)
    status = "complete" if is_complete else "interrupted"
    facts = {"status": status, "runs": [*map(output.run_facts, runs)]}
    output.show(facts, options.json, lambda: _print(kind, runs))
    return is_complete


def _seeds(options: Options, count: int) -> list[int]:
    first = options.seed_start
    if options.seeds and (first, options.seed_count) != (None, None):
        raise runlog.InputError(
            "--seed-start and --seed-count must not stand beside --seeds, which names "
            f"all seeds, got {list(options.seeds)} and a start or count."
        )
    seeds = list(options.seeds) or list(range(first or 0, (first or 0) + count))
    if len(set(seeds)) < len(seeds):
        raise runlog.InputError(f"seeds must differ from each other, got {seeds}.")
    if max(seeds) >= 2**31:
        raise runlog.InputError(f"seeds must be below 2**31, got {max(seeds)}.")
    return seeds


def _print(kind: kinds.Kind, runs: list[AnyRun]) -> None:
    summaries = [run_.summary or {} for run_ in runs]
    names = list(dict.fromkeys(n for s in summaries for n in kind.headline(s)))
    rows = []
    for run_, summary in zip(runs, summaries, strict=True):
        values = [kind.headline(summary).get(name) for name in names]
        status = summary.get("status", "stopped")
        rows.append((run_.manifest["seed"], *values, status, str(run_.path)))
    headings = [name.replace("_", " ") for name in names]
    print_table(("seed", *headings, "status", "run"), rows)
    for run_ in runs:
        if run_.summary is None:
            say(f"next: koki2 resume {shell_word(run_.path)}")
