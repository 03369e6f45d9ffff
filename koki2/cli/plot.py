"""`koki2 plot`: how runs went, as one picture. See `session.pages`."""

import dataclasses
import pathlib
from typing import Annotated

import tyro
from annotated_types import MinLen

from koki2 import pictures, runlog
from koki2.cli import output
from koki2.cli.named import Named
from koki2.reports.series import distinct
from koki2.session import folders
from koki2.session.pages import PAGES


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options(Named):
    """Draw fitness over generations and over environment steps, and on unseen lives.

    One run is shown with its population; of several runs, each is a thin line, and
    their median and quartiles are bold. Unseen lives are those of koki2 eval-run.

    Of runs of koki2 qd: a map of the archive, if it is one run that is complete, and
    coverage, QD-score and fitness over evaluations.
    """

    runs: Annotated[
        tyro.conf.Positional[tuple[pathlib.Path, ...]],
        MinLen(1),
        tyro.conf.arg(metavar="RUN [RUN ...]"),
    ]
    """The run folders."""
    out: pathlib.Path | None = None
    """Where to, as .png, .svg or .pdf; none is fitness.png, or archive.png of koki2 qd,
    in the folder of the run, or here if there are several. A file that is there is
    replaced."""
    dims: Annotated[tuple[str, ...] | None, tyro.conf.arg(metavar="I J")] = None
    """Of koki2 qd: over which two descriptors to draw the archive, by name or number;
    none takes the first two. Each place shows the fittest over all others."""
    json: bool = False
    """Print one JSON object instead of text."""


def run(options: Options) -> int:
    """Draws."""
    paths = distinct(options.runs)
    runs = {n: folders.read_folder(p, rows_only=True) for n, p in paths.items()}
    drawing = PAGES[_one_kind(runs)]
    if not drawing.rows_only:
        runs = {n: folders.read_folder(p, options.given) for n, p in paths.items()}
    default = next(iter(paths.values())) if len(paths) == 1 else pathlib.Path()
    out = output.checked_out(options.out, default / drawing.file, pictures.FORMATS)
    page = drawing.draw(runs, options.dims)
    pictures.save(page.figure, out)
    if options.json:
        facts = {"out": str(out), "generations": {}, "held_out": {}, "complete": {}}
        for name, read in runs.items():
            facts["generations"][str(read.path)] = page.units[name]
            facts["held_out"][str(read.path)] = page.held_out.get(name, {})
            facts["complete"][str(read.path)] = read.is_complete
        output.print_json(facts)
    else:
        for read in runs.values():
            if "archive" in read.kind.artifacts and not read.is_complete:
                print(f"{read.path} has no archive yet, as it is not complete")
        print(f"wrote {out}")
    return 0


def _one_kind(runs: dict[str, folders.RunFolder]) -> str:
    """The kind of all runs. Raises InputError where there are several, or no page."""
    kinds = {read.kind.name: read.path for read in runs.values()}
    if len(kinds) > 1:
        told = " and ".join(f"{path} is of {kind}" for kind, path in kinds.items())
        raise runlog.InputError(
            "one picture must be of runs of one kind, for others share no curves, but "
            f"{told}."
        )
    (kind,) = kinds
    if kind not in PAGES:
        raise runlog.InputError(f"koki2 plot has no page for runs of kind {kind}.")
    return kind
