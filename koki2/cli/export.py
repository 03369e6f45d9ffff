"""`koki2 export`: the archive of a run as files that pyribs, and pandas, read."""

import dataclasses
import pathlib
import sys
from typing import Any

import tyro

from koki2 import runlog
from koki2.cli import exchange, output
from koki2.evolution.configs import QDConfig
from koki2.runlog import atomic
from koki2.search.configs import ArchiveConfig

EPSILON = 1e-6  # pyribs' own
_WHY = {
    "grid": "for they lie on an edge, where it rounds otherwise",
    "cvt": "for its distances are not in units of the space's span, as ours are",
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """Write the archive of a quality-diversity run for pyribs.

    archive.csv is a row per elite, with the columns of pyribs' ArchiveDataFrame;
    archive.npz holds the same as arrays, and archive.json what the space is. How to
    load them is in docs/quality-diversity.md. koki2 import-archive is the way back.
    """

    run: tyro.conf.Positional[pathlib.Path]
    """The run folder."""
    out: pathlib.Path
    """The folder to write to, new or empty."""
    json: bool = False
    """Print one JSON object instead of text."""


def run(options: Options) -> int:
    """Reads, writes."""
    config, _ = exchange.of_run(options.run, wanting="an export")
    archive = exchange.archive_of(options.run, config)
    data = exchange.elites(archive)
    space = space_of(config, data)
    arrays, centre = dict(data), archive["centre"]
    if config.archive.archive == "cvt":
        arrays["centroids"] = centre
    same = agrees(
        config.archive,
        data,
        epsilon=space.get("epsilon", 0.0),
        centre=centre,
    )
    elsewhere = int((~same).sum())
    _make(options.out)
    runlog.save_arrays(options.out / "archive.npz", arrays)
    atomic.write_json(options.out / "archive.json", space)
    atomic.write_bytes(options.out / exchange.TABLE, exchange.to_csv(data))
    facts = {"out": str(options.out), "elites": len(same), "elsewhere": elsewhere}
    if elsewhere:
        why = _WHY[config.archive.archive]
        print(
            f"koki2 export: pyribs would put {elsewhere} of {len(same)} elites into "
            f"other cells than they have here, {why}",
            file=sys.stderr,
        )
    if options.json:
        output.print_json(facts)
    else:
        print(f"wrote {options.out}: {len(same)} elites of {len(centre)} cells")
    return 0


def space_of(config: QDConfig, data: exchange.Arrays) -> dict[str, Any]:
    """What pyribs wants to know of the space, in plain values.

    Args:
      config: of the run.
      data: its elites; they decide `epsilon`.
    """
    cut = config.archive
    found: dict[str, Any] = {
        "archive": cut.archive,
        "measures": list(config.behaviour.descriptors),
        "ranges": [list(edges) for edges in zip(cut.low, cut.high, strict=True)],
        "solution_dim": int(data["solution"].shape[1]),
        "qd_score_offset": cut.qd_offset,
    }
    if cut.archive == "grid":
        found |= {"dims": list(cut.shape), "epsilon": epsilon(cut, data)}
    return found


def epsilon(cut: ArchiveConfig, data: exchange.Arrays) -> float:
    """The epsilon with which pyribs' grid has the most of these elites in our cells.

    pyribs rounds otherwise than we do, and takes what is less than epsilon / span below
    an edge, in widths of a cell, to lie on it, as a descriptor of 0.7 does, which
    float32 keeps as 0.69999999. Its default is tried first.
    """
    tries = [EPSILON, *(10.0 ** -(k / 2) for k in range(6, 21)), 0.0]
    return max(tries, key=lambda e: int(agrees(cut, data, epsilon=e).sum()))


def agrees(
    cut: ArchiveConfig,
    data: exchange.Arrays,
    *,
    epsilon: float = EPSILON,
    centre: Any = None,
) -> Any:
    """Which elites pyribs puts into the cells that they have here, [n] of bool.

    Args:
      cut: the space.
      data: the elites, see `exchange.elites`.
      epsilon: pyribs', for a grid.
      centre: the centroids of a cvt, [C, B].

    Source: `GridArchive.index_of` and `CVTArchive.index_of` of pyribs 0.12, in float32.
    """
    import numpy as np
    import scipy.spatial

    measures = data["measures"]
    if cut.archive == "cvt":
        nearest = scipy.spatial.KDTree(centre).query(measures)[1]
        return nearest == data["index"]
    low, high = (np.asarray(edge, np.float32) for edge in (cut.low, cut.high))
    dims = np.asarray(cut.shape, np.int32)
    place = (dims * (measures - low) + np.float32(epsilon)) / (high - low)
    box = np.clip(place.astype(np.int32), 0, dims - 1)
    return np.ravel_multi_index(tuple(box.T), cut.shape) == data["index"]


def _make(folder: pathlib.Path) -> None:
    """Makes the folder, if it is not there and empty already.

    Raises:
      InputError: it holds something, or is a file, or lies in one.
    """
    try:
        if not folder.is_dir():
            atomic.make_folder(folder)
    except (FileExistsError, NotADirectoryError):
        raise runlog.InputError(
            f"--out wants a folder, but {folder} is, or lies in, a file."
        ) from None
    taken = sorted(entry.name for entry in folder.iterdir())
    if taken:
        raise runlog.InputError(
            "--out wants a new or empty folder, so that nothing is overwritten; "
            f"{folder} holds {', '.join(taken[:4])}{', ...' if taken[4:] else ''}."
        )
