"""`koki2 plot`: how runs went, as one picture. See `session.pages`."""

import dataclasses
import pathlib
from typing import Annotated

import tyro
from annotated_types import MinLen

from koki2 import pictures
from koki2.cli import output
from koki2.cli.arguments import Json
from koki2.cli.named import Named
from koki2.reports.series import distinct
from koki2.session import files, pages
from koki2.session.printing import printable


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options(Named):
    """Draw fitness over generations and over environment steps, and on unseen episodes.

    One run is shown with its population; of several runs, each is a thin line, and
    their median and quartiles are bold. Unseen episodes are those of koki2 eval-run.

    Of runs of koki2 qd: a map of the archive, if it is one run that is complete, and
    coverage, QD-score and fitness over evaluations. Of runs of koki2 train: loss, rate,
    norm of the gradient and clipping over steps.
    """

    runs: Annotated[
        tyro.conf.Positional[tuple[pathlib.Path, ...]],
        MinLen(1),
        tyro.conf.arg(metavar="RUN [RUN ...]"),
    ]
    """The run folders."""
    out: pathlib.Path | None = None
    """Where to, as .png, .svg or .pdf; none is fitness.png (archive.png of koki2 qd,
    training.png of koki2 train) in the folder of the run, or here if there are several.
    A file that is there is replaced."""
    dims: Annotated[tuple[str, ...] | None, tyro.conf.arg(metavar="I J")] = None
    """Of koki2 qd: over which two descriptors to draw the archive, by name or number;
    none takes the first two. Each place shows the fittest over all others."""
    json: Json = False


def run(options: Options) -> int:
    """Draws."""
    paths = distinct(options.runs)
    drawing, runs = pages.read(paths, options.given)
    default = next(iter(paths.values())) if len(paths) == 1 else pathlib.Path()
    out = files.checked_out(options.out, default / drawing.file, pictures.FORMATS)
    page = drawing.draw(runs, options.dims)
    pictures.save(page.figure, out)
    by_path = {str(read.path): name for name, read in runs.items()}
    facts = {
        "out": str(out),
        "generations": {path: page.units[n] for path, n in by_path.items()},
        "held_out": {path: page.held_out.get(n, {}) for path, n in by_path.items()},
        "complete": {path: runs[n].is_complete for path, n in by_path.items()},
    }
    lines = [
        f"{printable(read.path)} has no archive yet, as it is not complete"
        for read in runs.values()
        if "archive" in read.kind.artifacts and not read.is_complete
    ]
    output.show(facts, options.json, "\n".join([*lines, f"wrote {printable(out)}"]))
    return 0
