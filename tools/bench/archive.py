"""How fast does a batch enter an archive? koki2 against QDax, pyribs and plain NumPy.

Rows are named by cells x floats per genome; a batch has 4,096. A sample is a chain: an
archive that has met one batch meets six more (three where a genome has 10,000 floats),
each timed; JAX's sides donate the archive, so that all four write in place. After every
link all archives must hold the same rows. On a CVT a row may lie on the border of two
cells, where rounding decides: `elsewhere` counts the rows that went elsewhere than
ours, and only cells that these touch may differ.

With ties, fitness has eight values and one in twenty is NaN, and `differ` counts the
cells in which the last archives are of unlike fitness: QDax lets none into a cell for
which one of the batch was NaN. pyribs refuses such a batch. NumPy takes the last of
equals, where we compare hashes.

`of_stream` is the time of moving the accepted genomes, read and written once at the
rate of the machine's memory (ceilings.py), as a share of ours.

    python tools/bench/archive.py [--quick] [--json] [--default-flags]

needs the extra "bench", which has the peers.
"""

import importlib.util
import sys
from collections.abc import Callable, Mapping
from typing import NamedTuple

import ceilings
import harness
import jax
import jax.numpy as jnp
import numpy as np
import scipy.spatial

from koki2.search.archive import Batch, Cells, cells, empty, inserter
from koki2.search.configs import ArchiveConfig

ROWS = 4096
COLUMNS = ("cpu_ratio", "accepted", "of_stream", "elsewhere", "differ")
BORDER = 1e-5  # how much farther than the nearest a row's centroid may be


class Setting(NamedTuple):
    """What is inserted into what."""

    kind: str  # grid or cvt
    per_side: int  # cells per dimension; of a CVT, the root of their number
    floats: int = 1000
    ties: bool = False
    links: int = 6

    @property
    def name(self) -> str:
        ties = ", ties" if self.ties else ""
        return f"{self.kind} {self.per_side**2:,} x {self.floats:,}{ties}"

    def cells(self) -> Cells:
        n = self.per_side
        if self.kind == "grid":
            return cells(ArchiveConfig(shape=(n, n)))
        return cells(ArchiveConfig(archive="cvt", cvt_cells=n * n))


class Rows(NamedTuple):
    """A batch in NumPy."""

    genome: np.ndarray
    fitness: np.ndarray
    descriptor: np.ndarray


class Side(NamedTuple):
    """A contender: how it inserts, and which cell it finds for each row."""

    relay: harness.Relay
    index: Callable[[np.ndarray], np.ndarray]


def draw(setting: Setting, seed: int) -> list[Rows]:
    """Batches of rows that are all different, none on the border of a grid's boxes."""
    rng, out = np.random.default_rng(seed), []
    for _ in range(setting.links + 1):
        descriptor = rng.random((ROWS, 2), np.float32)
        if setting.kind == "grid":
            box = rng.integers(0, setting.per_side, (ROWS, 2))
            descriptor = (box + 0.01 + 0.98 * descriptor) / setting.per_side
        fitness = rng.permutation(ROWS).astype(np.float32) + rng.random()
        if setting.ties:
            fitness = np.floor(fitness * (8 / ROWS))
            fitness[rng.random(ROWS) < 0.05] = np.nan
        genome = rng.random((ROWS, setting.floats), np.float32)
        floats = fitness.astype(np.float32), descriptor.astype(np.float32)
        out.append(Rows(genome, *floats))
    return out


def batch_of(rows: Rows, birth: int) -> Batch:
    """The rows as koki2 takes them."""
    genome, fitness, descriptor = map(jnp.asarray, rows)
    return Batch(
        genome=genome,
        fitness=fitness,
        descriptor=descriptor,
        birth=jnp.full(len(rows.fitness), birth, jnp.int32),
    )


def ours(space: Cells, batches: list[Rows]) -> Side:
    """koki2's `inserter`."""
    put = inserter(space)
    there = [batch_of(rows, birth) for birth, rows in enumerate(batches)]
    first, *rest = there
    return Side(
        harness.Relay(
            start=lambda: put(empty(space, first.genome.shape[1]), first)[0],
            step=lambda archive, link: put(archive, rest[link])[0],
            read=lambda archive: (archive.genome, archive.fitness),
        ),
        jax.jit(jax.vmap(space.index)),
    )


def qdax(space: Cells, batches: list[Rows]) -> Side:
    """QDax's `MapElitesRepertoire.add`, jitted and donated, over the same centroids."""
    from qdax.core.containers import mapelites_repertoire

    centroids = jnp.asarray(space.centre)
    there = [tuple(map(jnp.asarray, rows)) for rows in batches]

    def add(repertoire, genome, fitness, descriptor):
        return repertoire.add(genome, descriptor, fitness)

    put = jax.jit(add, donate_argnums=0)

    def start():
        make = mapelites_repertoire.MapElitesRepertoire.init_default
        own = jnp.array(centroids, copy=True)  # donated with the rest
        return put(make(there[0][0][0], own), *there[0])

    return Side(
        harness.Relay(
            start=start,
            step=lambda repertoire, link: put(repertoire, *there[link + 1]),
            read=lambda repertoire: (repertoire.genotypes, repertoire.fitnesses[:, 0]),
        ),
        jax.jit(lambda d: mapelites_repertoire.get_cells_indices(d, centroids)),
    )


def ribs(space: Cells, batches: list[Rows]) -> Side:
    """pyribs' `GridArchive.add` and `CVTArchive.add`."""
    from ribs import archives

    floats = batches[0].genome.shape[1]
    same = {"solution_dim": floats, "ranges": [(0.0, 1.0)] * 2, "dtype": np.float32}

    def make():
        if space.shape is None:
            return archives.CVTArchive(centroids=space.centre, **same)
        return archives.GridArchive(dims=space.shape, **same)

    def put(archive, rows: Rows):
        archive.add(rows.genome, rows.fitness, rows.descriptor)
        return archive

    def read(archive):
        genome = np.zeros((space.count, floats), np.float32)
        fitness = np.full(space.count, -np.inf, np.float32)
        held = archive.data(["index", "solution", "objective"], return_type="dict")
        genome[held["index"]] = held["solution"]
        fitness[held["index"]] = held["objective"]
        return genome, fitness

    return Side(
        harness.Relay(
            start=lambda: put(make(), batches[0]),
            step=lambda archive, link: put(archive, batches[link + 1]),
            read=read,
        ),
        make().index_of,
    )


def plain(space: Cells, batches: list[Rows]) -> Side:
    """NumPy, in place."""
    floats = batches[0].genome.shape[1]

    def start():
        archive = Rows(
            np.zeros((space.count, floats), np.float32),
            np.full(space.count, -np.inf, np.float32),
            np.zeros((space.count, 2), np.float32),
        )
        return put(archive, batches[0])

    index = plain_index(space)

    def put(archive: Rows, rows: Rows) -> Rows:
        plain_insert(index, archive, rows)
        return archive

    return Side(
        harness.Relay(
            start=start,
            step=lambda archive, link: put(archive, batches[link + 1]),
            read=lambda archive: archive[:2],
        ),
        index,
    )


def plain_index(space: Cells) -> Callable[[np.ndarray], np.ndarray]:
    """Descriptors in the unit square -> their cells."""
    if space.shape is None:
        tree = scipy.spatial.cKDTree(space.centre)
        return lambda descriptor: tree.query(descriptor)[1]
    shape = np.array(space.shape)

    def index(descriptor: np.ndarray) -> np.ndarray:
        box = np.minimum((descriptor * shape).astype(np.int64), shape - 1)
        return box[:, 0] * shape[1] + box[:, 1]

    return index


def plain_insert(index: Callable, archive: Rows, rows: Rows) -> None:
    """Writes the best row of each cell over its elite, where it beats it.

    NaN beats nothing; of equals the last row stays, and the elite before any row.
    """
    cell = index(rows.descriptor)
    better = np.flatnonzero(rows.fitness > archive.fitness[cell])
    order = better[np.lexsort((rows.fitness[better], cell[better]))]
    where = cell[order]
    best = np.ones(len(order), bool)
    best[:-1] = where[1:] != where[:-1]
    order, where = order[best], where[best]
    for old, new in zip(archive, rows, strict=True):
        old[where] = new[order]


def contenders(setting: Setting, space: Cells, batches: list[Rows]) -> dict[str, Side]:
    """Ours first."""
    rivals = {"QDax": qdax, "pyribs": ribs, "NumPy": plain}
    if setting.ties:
        del rivals["pyribs"]
    makers = {"koki2": ours} | rivals
    return {name: make(space, batches) for name, make in makers.items()}


def strays(
    space: Cells, sides: Mapping[str, Side], batches: list[Rows]
) -> tuple[dict[str, int], np.ndarray]:
    """Of each side, rows whose cell is not ours; and the cells that these touch.

    Raises:
      SystemExit: a grid's row went elsewhere, or one that is not on a border.
    """
    found, touched = dict.fromkeys(sides, 0), np.zeros(space.count, bool)
    for rows in batches:
        points = rows.descriptor.astype(np.float64)
        right = np.asarray(sides["koki2"].index(rows.descriptor))
        away = lambda cell: np.linalg.norm(points - space.centre[cell], axis=1)  # noqa: B023
        for name, side in sides.items():
            cell = np.asarray(side.index(rows.descriptor))
            other = cell != right
            found[name] += int(other.sum())
            touched[cell[other]] = touched[right[other]] = True
            if space.shape is not None and other.any():
                raise SystemExit(f"{name} finds other boxes of the grid than koki2")
            if np.abs(away(cell) - away(right)).max() > BORDER:
                raise SystemExit(f"{name} and koki2 differ by more than rounding")
    return found, touched


def agree(
    setting: Setting, sides: Mapping[str, Side], touched: np.ndarray
) -> dict[str, int]:
    """Runs all chains side by side, which compiles them too; compares every link.

    Returns:
      Of each side, the cells in which its archive was not ours at the end, which may
      be none but those touched; with ties and NaN, those of another fitness.

    Raises:
      SystemExit: the archives differ.
    """
    states = {name: side.relay.start() for name, side in sides.items()}
    differ = dict.fromkeys(sides, 0)
    for link in range(setting.links):
        for name, side in sides.items():
            states[name] = side.relay.step(states[name], link)
        genome, fitness = map(np.asarray, sides["koki2"].relay.read(states["koki2"]))
        for name, side in sides.items():
            theirs = tuple(map(np.asarray, side.relay.read(states[name])))
            other = theirs[1] != fitness
            if not setting.ties:
                other |= (theirs[0] != genome).any(axis=1)
            differ[name] = int(other.sum())
            free = setting.ties and name == "QDax"  # which a NaN keeps out of cells
            if not free and (other & ~touched).any():
                raise SystemExit(f"{setting.name}: {name} holds other rows than koki2")
    return differ


def accepted(space: Cells, batches: list[Rows]) -> float:
    """Rows accepted of a batch, on average over the chain."""
    put, total = inserter(space), 0
    archive, _ = put(empty(space, 1), batch_of(_slim(batches[0]), 0))
    for birth, rows in enumerate(batches[1:], 1):
        archive, done = put(archive, batch_of(_slim(rows), birth))
        total += int(done.accepted.sum())
    return total / (len(batches) - 1)


def _slim(rows: Rows) -> Rows:
    return rows._replace(genome=rows.genome[:, :1])


def measure(setting: Setting, rate: float, samples: int) -> list[harness.Row]:
    """A setting's rows, one for each rival.

    Args:
      setting: what is inserted into what.
      rate: of the machine's memory, GB/s.
      samples: chains of each side.
    """
    space, batches = setting.cells(), draw(setting, seed=7)
    sides = contenders(setting, space, batches)
    elsewhere, touched = strays(space, sides, batches)
    differ = agree(setting, sides, touched)
    times = harness.relay(
        {name: side.relay for name, side in sides.items()},
        setting.links,
        samples=samples,
    )
    taken = accepted(space, batches)
    needed = 8 * taken * setting.floats / (rate * 1e9)  # seconds
    return [
        harness.versus(
            f"{setting.name}: {name}",
            ROWS / 1e6,
            "M rows/s",
            times["koki2"],
            times[name],
            accepted=round(taken),
            of_stream=needed / times["koki2"].wall,
            elsewhere=elsewhere[name],
            differ=differ[name],
        )
        for name in sides
        if name != "koki2"
    ]


def settings(quick: bool) -> list[Setting]:
    """All, or those of 1,024 cells and 1,000 floats."""
    small = [Setting("grid", 32), Setting("cvt", 32), Setting("grid", 32, ties=True)]
    if quick:
        return small
    large = [Setting("grid", 100), Setting("cvt", 100), Setting("grid", 100, ties=True)]
    long = [Setting("grid", n, floats=10_000, links=3) for n in (32, 100)]
    return [*small, *large, *long]


def require_peers(*names: str) -> None:
    """Ends the program where one of these is missing, saying what brings it."""
    missing = [name for name in names if importlib.util.find_spec(name) is None]
    if missing:
        harness.note(
            f"this benchmark needs {' and '.join(missing)}, which the extra bench "
            "brings: pip install 'koki2[bench]'"
        )
        sys.exit(2)


def main() -> None:
    arguments = harness.begin(__doc__)
    require_peers("qdax", "ribs")
    rate = ceilings.stream(3 if arguments.quick else 15)
    rows = ceilings.rows({"GB/s": rate})
    for setting in settings(arguments.quick):
        harness.note(setting.name)
        rows += measure(setting, rate, 5)
    harness.show("Insertion", rows, as_json=arguments.json, columns=COLUMNS)


if __name__ == "__main__":
    main()
