"""`koki2 lineage`: who descends from whom in a run, as a CSV."""

import dataclasses
import pathlib

from koki2.cli import output
from koki2.cli.arguments import Json, RunPath
from koki2.reports import lineage
from koki2.runlog import atomic
from koki2.session import files
from koki2.session.printing import printable


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """Write the line of descent of a run as a phylogeny (ALife data standards, CSV).

    A taxon is one genome. There are two in a generation g: the centre of the search,
    labelled centre_g, which descends from the centre of the generation before (the
    first from none), and the best of the candidates drawn around it, best_g, which
    descends from that centre and leaves nothing behind but its part in the next. The
    last centre does not end (inf); of a complete run it is the mean genome. Where a
    strategy keeps a population rather than a centre, the centre is what it takes for
    its mean. The other candidates are not kept, so they are no taxa.

    Of a run of koki2 qd a taxon is one elite, labelled cell_<c>_<g> after its cell and
    the generation it entered it in. It descends from the elites it was bred from, and
    ends when a fitter one takes its cell.

    Time is in generations. fitness is, of a best, its own; of a centre, the mean of its
    candidates; in the episodes of that generation. trait_norm is the length of a
    centre's genome. env_steps is how many steps had been lived by its origin. What is
    not known is empty.
    """

    run: RunPath
    out: pathlib.Path | None = None
    """Where to, a .csv; none is lineage.csv in the folder of the run. A file that is
    there is replaced."""
    json: Json = False


def run(options: Options) -> int:
    """Reads, writes."""
    default = options.run / "lineage.csv"
    out = files.checked_out(options.out, default, (".csv",))
    rows = lineage.read(options.run)
    table, taxa = lineage.to_csv(rows)
    atomic.write_bytes(out, table)
    facts = {"out": str(out), "taxa": taxa, "generations": len(rows)}
    text = f"wrote {printable(out)}: {taxa} taxa of {len(rows)} generations"
    output.show(facts, options.json, text)
    return 0
