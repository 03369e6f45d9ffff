"""What pyribs makes of an archive: its space, and where it would put our elites."""

from typing import Any

from koki2.evolution.configs import QDConfig
from koki2.reports import exchange
from koki2.search.configs import ArchiveConfig

EPSILON = 1e-6  # pyribs' own


def space_of(config: QDConfig, data: exchange.Arrays) -> dict[str, Any]:
    """What pyribs has to know of the space, in plain values.

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
