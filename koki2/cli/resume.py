"""`koki2 resume`: goes on with a run where its newest checkpoint left it."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from koki2 import runlog
from koki2.cli import output
from koki2.cli.arguments import Json, LogEvery, RunPath
from koki2.cli.named import Named
from koki2.session import driver, folders, kinds, processes, startup
from koki2.session.printing import printable
from koki2.session.progress import progress
from koki2.session.signals import Stop


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options(Named):
    """Go on with a run where it stopped; it ends as if it never had.

    Config and seed are those of the run folder, and so are the XLA flags.
    """

    run: RunPath
    devices: startup.Devices = None
    log_every: LogEvery = None
    json: Json = False


def run(options: Options) -> int:
    """Resumes."""
    if processes.asked.get().distributed:  # JAX must start under the run's flags
        _restore(options, runlog.read_manifest(options.run))
        processes.join()
    with folders.resume(options.run) as run_, Stop() as stop:
        for note in run_.notes:
            output.note("resume", f"passed over {printable(note)}")
        if run_.summary is not None:
            text = f"{printable(run_.path)} is complete already; nothing to do."
            output.show(output.run_facts(run_), options.json, text)
            return 0
        _restore(options, run_.manifest)
        read = folders.read_folder(options.run, options.given)
        (program,) = kinds.build(read.kind, [(read.config, read.seed)])
        end = lambda: output.print_end(
            run_, read.kind, read.config, as_json=options.json
        )
        stop.last_words = end
        shown = progress(read.kind, program, log_every=options.log_every)
        driver.finish(run_, program, read.kind, stop, sinks=[shown])
        end()
        return stop.code if run_.summary is None else 0


def _restore(options: Options, manifest: Mapping[str, Any]) -> None:
    startup.restore(manifest, f"{options.run}/manifest.json", options.devices)
