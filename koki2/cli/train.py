"""`koki2 train`: a language model learns a text, from a seed to a complete folder."""

import dataclasses
import pathlib

from koki2.cli import output
from koki2.cli.arguments import Force, Json, LogEvery
from koki2.runlog import folder
from koki2.session import driver, folders, machine, trainings
from koki2.session.printing import printable
from koki2.session.progress import progress
from koki2.session.settings import layered, Seed, Settings
from koki2.session.signals import Stop


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """Train a language model on a text, and leave a run folder, resumable.

    The text is bytes unless --domain or --tokenizer says otherwise. Before the first
    step it is said what the training comes to; what cannot come to anything is refused.
    """

    settings: Settings = layered(
        *("train", "data", "tokenizer", "model", "optimizer", "training", "evaluation")
    )
    seed: Seed = 0
    """The seed: same seed, same config, same run, bit for bit."""
    out_dir: pathlib.Path | None = None
    """The run folder itself, new or empty; none makes one under runs-dir."""
    runs_dir: pathlib.Path = pathlib.Path("runs")
    """Where run folders are made."""
    log_interval: LogEvery = None
    force: Force = False
    json: Json = False


def run(options: Options) -> int:
    """Trains."""
    settings, out_dir = options.settings, options.out_dir
    if out_dir is not None and out_dir.is_dir():
        folder.check_new(out_dir)  # before JAX starts; `start` decides
    config, corpus = trainings.prepare(settings.config)
    settings = dataclasses.replace(
        settings,
        config=config,
        provenance=trainings.provenance(dict(settings.provenance)),
    )
    rate = machine.product_rate()
    plan = trainings.weigh(config, corpus, rate, force=options.force)
    for line in plan.lines:
        output.note("train", line)
    (program,) = trainings.programs([(config, options.seed)], corpus)
    with (
        folders.start(
            settings, options.seed, options.runs_dir, out_dir=out_dir
        ) as run_,
        Stop() as stop,
    ):
        output.note("train", f"run folder {printable(run_.path)}")
        end = lambda: output.print_end(
            run_, settings.kind, config, as_json=options.json
        )
        stop.last_words = end
        shown = progress(settings.kind, program, log_every=options.log_interval)
        driver.finish(run_, program, settings.kind, stop, sinks=[shown])
        end()
        return stop.code if run_.summary is None else 0
