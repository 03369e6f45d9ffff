"""`koki2 import-archive`: elites from a table, as pyribs writes it, into an archive."""

import dataclasses
import pathlib

import tyro

from koki2 import evolution, runlog
from koki2.cli import output
from koki2.cli.arguments import Json
from koki2.cli.named import Named
from koki2.reports import exchange
from koki2.session import files, folders
from koki2.session.printing import printable


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options(Named):
    """Put the rows of an archive.csv into an empty archive, and write its arrays.

    The table is one of koki2 export, or of pyribs:
    archive.data(return_type="pandas").to_csv("archive.csv", index=False). Every row
    goes to the cell where its measures lie, and stays there if none is fitter; the
    column index is not read. The space, and what a genome is, are those of a run. The
    file has the arrays of a run's own archive.npz, so what was exported comes back bit
    for bit.
    """

    table: tyro.conf.Positional[pathlib.Path]
    """The table, or the folder in which it is archive.csv."""
    like: pathlib.Path
    """The run whose space it is; koki2 qd made it."""
    out: pathlib.Path
    """Where to, an .npz. A file that is there is replaced."""
    json: Json = False


def run(options: Options) -> int:
    """Reads, inserts, writes."""
    read = folders.with_archive(options.like, "--like", options.given)
    config = read.config
    out = files.checked_out(options.out, options.out, (".npz",))
    if out.resolve().parent == options.like.resolve():
        raise runlog.InputError(
            f"--out must be a file outside of the run, got {printable(out)}."
        )
    named = evolution.setting(config)
    size = named.adult(named.data(read.seed)).genome.size
    rows = exchange.from_csv(options.table, genome=size, dims=config.archive.dims)
    found, facts = exchange.insert(config.archive, rows, size)
    runlog.save_arrays(out, found)
    facts = {"out": str(out), **facts}
    output.show(
        facts,
        options.json,
        f"wrote {printable(out)}: {facts['accepted']} of {facts['rows']} rows "
        f"accepted, {facts['beaten']} beaten in their cell, {facts['not_finite']} not "
        f"finite, {facts['outside']} outside of the space",
    )
    return 0
