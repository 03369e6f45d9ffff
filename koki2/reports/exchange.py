"""Archives on their way to other software and back: tables that pyribs' users know.

    archive.csv     a row per elite, with the columns of pyribs' ArchiveDataFrame:
                    solution_0 .. solution_<D-1>, objective, measures_0 ..
                    measures_<B-1>, threshold, birth, index
    archive.npz     the same as arrays: solution [n, D], objective [n], measures [n, B],
                    threshold, birth and index [n]; of a cvt also centroids [C, B]
    archive.json    what pyribs has to know of the space

An index is the number of a cell, threshold is what pyribs keeps beside an objective and
here equals it, birth the generation an elite was born in, an extra field to pyribs.
Every float32 is written in the fewest digits that give it back, bit for bit.
"""

import csv
import dataclasses
import io
import math
import pathlib
import re
from collections.abc import Iterator, Sequence
from typing import Any

from koki2 import runlog
from koki2.evolution.configs import QDConfig
from koki2.reports import table
from koki2.runlog import opening
from koki2.search.configs import ArchiveConfig

Arrays = dict[str, Any]  # NumPy arrays by name

TABLE = "archive.csv"


def archive_of(run: pathlib.Path, config: QDConfig) -> Arrays:
    """The archive of a complete run, as it lies in its folder.

    Raises:
      BrokenRunError: the archive is missing, damaged, or not of this config.
    """
    found = runlog.read_artifact(run, "archive")
    count, dims = _count(config.archive), config.archive.dims
    shapes = {name: array.shape for name, array in found.items()}
    size = shapes.get("genome", (0, 0))[-1:]
    wanted = {n: (count,) for n in ("fitness", "filled", "birth")}
    wanted |= {n: (count, dims) for n in ("descriptor", "centre")}
    wanted |= {"genome": (count, *size)}
    if {name: shapes.get(name) for name in wanted} != wanted:
        raise runlog.BrokenRunError(
            f"{run}/archive.npz should hold the {count} cells of its config, as arrays "
            f"of shapes {wanted}, but holds {shapes}."
        )
    dtypes = {name: str(found[name].dtype) for name in wanted}
    expected = dict.fromkeys(wanted, "float32") | {"filled": "bool", "birth": "int32"}
    if dtypes != expected:
        raise runlog.BrokenRunError(
            f"{run}/archive.npz should hold arrays of {expected}, but holds {dtypes}."
        )
    return found


def cell_number(cut: ArchiveConfig, place: Sequence[int]) -> int:
    """The number of a cell: given so, or of a grid by its place in each dimension.

    Raises:
      ValueError: not a place in this space.

    Example:
      >>> cell_number(ArchiveConfig(shape=(4, 4)), (1, 2))
      6
    """
    if len(place) == 1:
        return place[0]
    if cut.archive != "grid":
        raise ValueError(f"must be the cell's number, got {tuple(place)}.")
    inside = len(place) == len(cut.shape)
    if not inside or any(i >= n for i, n in zip(place, cut.shape, strict=True)):
        raise ValueError(f"must be a place in {cut.shape}, got {tuple(place)}.")
    number = 0
    for i, n in zip(place, cut.shape, strict=True):
        number = number * n + i
    return number


def elites(archive: Arrays) -> Arrays:
    """What pyribs calls the data of an archive: its elites, in order of their cells."""
    import numpy as np

    index = np.flatnonzero(archive["filled"]).astype(np.int32)
    return {
        "solution": archive["genome"][index],
        "objective": archive["fitness"][index],
        "measures": archive["descriptor"][index],
        "threshold": archive["fitness"][index],
        "birth": archive["birth"][index],
        "index": index,
    }


def to_csv(data: Arrays) -> bytes:
    """The table of some elites; a column for each number of a wider array."""
    names, columns = [], []
    for name, values in data.items():
        is_wide = values.ndim > 1
        names += [f"{name}_{i}" for i in range(values.shape[1])] if is_wide else [name]
        columns += [_texts(column) for column in (values.T if is_wide else [values])]
    return table.to_csv(names, zip(*columns, strict=True))


def from_csv(path: pathlib.Path, *, genome: int, dims: int) -> Arrays:
    """The rows of a table, as arrays of a batch: genome, fitness, descriptor, birth.

    Columns may come in any order. threshold, index, and whatever else there is are not
    read; where there is no birth, all were born in generation 0. Nothing where a number
    of objective or measures should be is NaN, as pandas writes it.

    Args:
      path: the table, or a folder with an archive.csv.
      genome: numbers in a genome, D.
      dims: numbers in a descriptor, B.

    Raises:
      InputError: no such file, other columns, or a row that is none.
    """
    import numpy as np

    path = path / TABLE if path.is_dir() else path
    names = {
        "genome": [f"solution_{d}" for d in range(genome)],
        "fitness": ["objective"],
        "descriptor": [f"measures_{b}" for b in range(dims)],
    }
    rows = _rows(path)
    header = next(rows, [])
    _check_header(path, header, names)
    found: dict[str, list[Any]] = {name: [] for name in (*names, "birth")}
    for line, row in enumerate(rows, start=2):
        where = f"{path}, line {line},"
        if len(row) != len(header):
            raise runlog.InputError(
                f"{where} should have {len(header)} columns as the first line, has "
                f"{len(row)}."
            )
        cells = dict(zip(header, row, strict=True))
        for name, columns in names.items():
            values = [_number(cells[c], where, c, name == "genome") for c in columns]
            with np.errstate(over="ignore"):  # beyond float32: infinite, and refused
                found[name].append(np.array(values, np.float64).astype(np.float32))
        found["birth"].append(_birth(cells.get("birth", "0"), where))
    count = len(found["birth"])
    return {
        "genome": np.array(found["genome"], np.float32).reshape(count, genome),
        "fitness": np.array(found["fitness"], np.float32).reshape(count),
        "descriptor": np.array(found["descriptor"], np.float32).reshape(count, dims),
        "birth": np.array(found["birth"], np.int32),
    }


def insert(
    cut: ArchiveConfig, rows: Arrays, size: int
) -> tuple[Arrays, dict[str, int]]:
    """An archive of some rows alone, and what became of them.

    Args:
      cut: the space.
      rows: see `from_csv`; those whose genome is not finite are refused.
      size: numbers in a genome, D.
    """
    import jax
    import jax.numpy as jnp
    import numpy as np

    from koki2.search import archive as archives

    cells = archives.cells(cut)
    archive, count = archives.empty(cells, size), len(rows["birth"])
    fates = dict.fromkeys(("accepted", "not_finite", "outside"), 0)
    if count:
        sound = np.all(np.isfinite(rows["genome"]), axis=1)
        rows = {**rows, "fitness": np.where(sound, rows["fitness"], np.float32("nan"))}
        batch = archives.Batch(**{n: jnp.asarray(x) for n, x in rows.items()})
        archive, done = archives.inserter(cells)(archive, batch)
        fates = {name: int(np.sum(getattr(done, name))) for name in fates}
    found = {**jax.device_get(dataclasses.asdict(archive)), "centre": cells.centre}
    return found, {"rows": count, **fates, "beaten": count - sum(fates.values())}


def _rows(path: pathlib.Path) -> Iterator[list[str]]:
    try:
        data = opening.to_read(path, error=runlog.InputError)
        with io.TextIOWrapper(data, encoding="utf-8-sig", newline="") as file:
            yield from csv.reader(file, strict=True)
    except runlog.InputError:
        raise
    except (OSError, ValueError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise runlog.InputError(f"{path} cannot be read as CSV: {reason}.") from None


def _check_header(
    path: pathlib.Path, header: Sequence[str], names: dict[str, list[str]]
) -> None:
    """Raises InputError unless there are the columns that should be, and none like
    them."""
    if len(set(header)) < len(header):
        raise runlog.InputError(f"{path} has two columns of one name.")
    for columns in (names["genome"], names["descriptor"]):
        stem = columns[0].removesuffix("0")
        there = [c for c in header if re.fullmatch(rf"{stem}\d+", c)]
        if set(there) != set(columns):
            raise runlog.InputError(
                f"{path} must have columns {columns[0]} to {columns[-1]}, as the run "
                f"has {len(columns)}, but has {len(there)} columns {stem}*."
            )
    if "objective" not in header:
        raise runlog.InputError(f"{path} must have a column objective, has none.")


def _number(text: str, where: str, column: str, is_gene: bool) -> float:
    if not text and not is_gene:
        return math.nan
    try:
        return float(text)
    except ValueError:
        raise runlog.InputError(
            f"{where} {column} should be a number, is {text[:60]!r}."
        ) from None


def _birth(text: str, where: str) -> int:
    value = _number(text, where, "birth", True)
    if not 0 <= value < 2**31 or value != int(value):
        raise runlog.InputError(
            f"{where} birth should be a generation, 0 or a later one, is {value}."
        )
    return int(value)


def _count(cut: ArchiveConfig) -> int:
    return math.prod(cut.shape) if cut.archive == "grid" else cut.cvt_cells


def _texts(values: Any) -> list[str]:
    """Floats in the fewest digits that `from_csv` reads as the very same float32."""
    import numpy as np

    if values.dtype.kind == "i":
        return [str(value) for value in values]
    short = [str(value) for value in values]
    back = np.array([float(text) for text in short], np.float64).astype(np.float32)
    same = (back == values) | np.isnan(values)
    return [
        text if ok else repr(float(value))
        for text, ok, value in zip(short, same, values, strict=True)
    ]
