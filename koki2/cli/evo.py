"""`koki2 evo WORLD`: one evolution, from a seed to a complete run folder."""

import dataclasses
import pathlib

from koki2.cli import output
from koki2.cli.arguments import Force, JitES, Json, LogEvery
from koki2.runlog import folder
from koki2.session import driver, estimate, folders, kinds, processes
from koki2.session.printing import printable
from koki2.session.progress import progress
from koki2.session.settings import layered, Seed, Settings
from koki2.session.signals import Stop


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """Evolve agents for one seed and leave a run folder, complete and resumable."""

    settings: Settings = layered("evo")
    seed: Seed = 0
    """The seed: same seed, same config, same run, bit for bit."""
    out_dir: pathlib.Path | None = None
    """The run folder itself, new or empty; none makes one under runs-dir."""
    runs_dir: pathlib.Path = pathlib.Path("runs")
    """Where run folders are made."""
    log_every: LogEvery = None
    force: Force = False
    jit_es: JitES = False
    json: Json = False


def run(options: Options) -> int:
    """Runs one program of the settings' kind."""
    settings, out_dir = options.settings, options.out_dir
    if out_dir is not None and out_dir.is_dir():
        folder.check_new(out_dir)  # before JAX starts; `start` decides
    processes.join()
    estimate.check(settings.kind, settings.config, force=options.force)
    (program,) = kinds.build(settings.kind, [(settings.config, options.seed)])
    with (
        folders.start(
            settings, options.seed, options.runs_dir, out_dir=out_dir
        ) as run_,
        Stop() as stop,
    ):
        output.note(settings.command, f"run folder {printable(run_.path)}")
        end = lambda: output.print_end(
            run_, settings.kind, settings.config, as_json=options.json
        )
        stop.last_words = end
        shown = progress(settings.kind, program, log_every=options.log_every)
        driver.finish(run_, program, settings.kind, stop, sinks=[shown])
        end()
        return stop.code if run_.summary is None else 0
