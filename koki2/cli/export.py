"""`koki2 export`: the archive of a run as files that pyribs, and pandas, read."""

import dataclasses
import pathlib

from koki2 import runlog
from koki2.cli import output
from koki2.cli.arguments import Json, RunPath
from koki2.cli.named import Named
from koki2.reports import exchange, pyribs
from koki2.runlog import atomic, folder
from koki2.session import folders
from koki2.session.printing import printable

_WHY = {
    "grid": "for they lie on an edge, where it rounds otherwise",
    "cvt": "for its distances are not in units of the space's span, as ours are",
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options(Named):
    """Write the archive of a quality-diversity run for pyribs.

    archive.csv is a row per elite, with the columns of pyribs' ArchiveDataFrame;
    archive.npz holds the same as arrays, and archive.json what the space is. How to
    load them is in docs/quality-diversity.md. koki2 import-archive is the way back.
    """

    run: RunPath
    out: pathlib.Path
    """The folder to write to, new or empty."""
    json: Json = False


def run(options: Options) -> int:
    """Reads, writes."""
    read = folders.with_archive(options.run, "an export", options.given)
    config = read.config
    folders.check_complete(options.run, "archive")
    archive = exchange.archive_of(options.run, config)
    data, centre = exchange.elites(archive), archive["centre"]
    space = pyribs.space_of(config, data)
    is_cvt = config.archive.archive == "cvt"
    epsilon = space.get("epsilon", 0.0)
    same = pyribs.agrees(config.archive, data, epsilon=epsilon, centre=centre)
    elsewhere = int((~same).sum())
    folder.make_new(options.out, "an export")
    arrays = data | {"centroids": centre} if is_cvt else data
    runlog.save_arrays(options.out / "archive.npz", arrays)
    atomic.write_json(options.out / "archive.json", space)
    atomic.write_bytes(options.out / exchange.TABLE, exchange.to_csv(data))
    if elsewhere:
        output.note(
            "export",
            f"pyribs would put {elsewhere} of {len(same)} elites into "
            f"other cells than they have here, {_WHY[config.archive.archive]}",
        )
    output.show(
        {"out": str(options.out), "elites": len(same), "elsewhere": elsewhere},
        options.json,
        f"wrote {printable(options.out)}: {len(same)} elites of {len(centre)} cells",
    )
    return 0
