"""`koki2 train`: a language model learns a text, from a seed to a complete folder."""

import dataclasses
import pathlib

from koki2.cli import output
from koki2.cli.arguments import Force, Json, LogEvery
from koki2.runlog import folder
from koki2.session import driver, folders, machine, training_plan, trainings
from koki2.session.printing import printable
from koki2.session.progress import progress
from koki2.session.settings import layered, Seed, Settings
from koki2.session.signals import Stop
from koki2.session.tables import text as value_text


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
    eval_only: bool = False
    """Evaluate what the training would begin with, and make no run."""
    log_interval: LogEvery = None
    force: Force = False
    json: Json = False


def run(options: Options) -> int:
    """Trains."""
    settings, out_dir = options.settings, options.out_dir
    if out_dir is not None and out_dir.is_dir() and not options.eval_only:
        folder.check_new(out_dir)  # before JAX starts; `start` decides
    machine.choose_platform(settings.config.training.backend)
    prepared = trainings.prepare(settings.config)
    if options.eval_only:
        return _evaluate(options, prepared)
    settings = dataclasses.replace(
        settings,
        config=prepared.config,
        provenance=trainings.provenance(dict(settings.provenance)),
    )
    rate = machine.product_rate()
    plan = training_plan.weigh(prepared, rate, force=options.force)
    for line in (_chosen(settings), *plan.lines):
        output.note("train", line)
    (program,) = trainings.programs(prepared, [(prepared.config, options.seed)])
    with (
        folders.start(
            settings, options.seed, options.runs_dir, out_dir=out_dir
        ) as run_,
        Stop() as stop,
    ):
        output.note("train", f"run folder {printable(run_.path)}")
        end = lambda: output.print_end(
            run_, settings.kind, prepared.config, as_json=options.json
        )
        stop.last_words = end
        share = training_plan.share_of_peak(prepared.config, rate)
        shown = progress(
            settings.kind, program, log_every=options.log_interval, peak=share
        )
        driver.finish(run_, program, settings.kind, stop, sinks=[shown])
        end()
        return stop.code if run_.summary is None else 0


def _evaluate(options: Options, prepared: trainings.Prepared) -> int:
    losses = trainings.first_losses(prepared, options.seed)
    lines = "\n".join(f"{name} {value_text(loss)}" for name, loss in losses.items())
    output.show(losses, options.json, lines)
    return 0


def _chosen(settings: Settings) -> str:
    """The settings that are not the defaults, and where each came from."""
    words = []
    for name, source in settings.provenance.items():
        group, _, field = name.partition(".")
        if source not in ("default", "text", "machine"):
            value = getattr(getattr(settings.config, group), field)
            words.append(f"{name} {value} ({source})")
    words.append(f"dtype {settings.config.training.dtype}")
    return printable(f"settings: {', '.join(words)}")
