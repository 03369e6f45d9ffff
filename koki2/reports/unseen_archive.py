"""An archive measured again: what it covers in episodes that search never saw.

Coverage and QD-score in training count each elite where it behaved once, in the
episodes it was chosen in. Here all elites live other episodes, and each goes where it
behaves in those, with the fitness that it has there; one that is beaten in its new
cell, or lands outside of the space, is gone. What was found is kept in the run, for
plots, one file per eval seed and number of episodes:

    heldout/archive_evalseed<k>_episodes<n>.json
    {"eval_seed": k, "episodes": n, "elites": ..., "coverage": ..., "qd_score": ...,
     "in_their_cell": ...}
"""

import math
import pathlib
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from koki2 import runlog
from koki2.evolution.configs import QDConfig
from koki2.reports import metrics
from koki2.runlog import atomic, jsontext

_FILE = re.compile(r"archive_evalseed(\d+)_episodes(\d+)\.json")


class Unseen(NamedTuple):
    """An archive measured again."""

    eval_seed: int
    episodes: int
    """Lives of each elite."""
    elites: int
    """How many lived again: all."""
    coverage: float
    """Share of cells that some elite behaves in."""
    qd_score: float
    """Sum over these cells of the best fitness there, less the offset."""
    in_their_cell: float
    """Share of the elites that behave in the cell they were found in."""


def measure_again(
    config: QDConfig,
    archive: Mapping[str, Any],
    behaved: Mapping[str, Any],
    *,
    eval_seed: int,
    episodes: int,
) -> Unseen:
    """Puts the elites of an archive where they behave in unseen episodes.

    Args:
      config: of the run.
      archive: its arrays; it has one elite or more.
      behaved: fitness and descriptors of every elite, in the order of their cells, by
        name: `evolution.behaviours` of those episodes.
      eval_seed: which episodes.
      episodes: how many of each.
    """
    import numpy as np

    elites = np.flatnonzero(archive["filled"])
    names = config.behaviour.descriptors
    cell = _cells(config, np.stack([behaved[name] for name in names], axis=1))
    fitness = np.asarray(behaved["fitness"], np.float64)
    best = np.full(len(archive["filled"]), -math.inf)
    counts = (cell < len(best)) & np.isfinite(fitness)
    np.maximum.at(best, cell[counts], fitness[counts])
    filled = best > -math.inf
    return Unseen(
        eval_seed=eval_seed,
        episodes=episodes,
        elites=len(elites),
        coverage=float(np.mean(filled)),
        qd_score=float(np.sum(best[filled] - config.archive.qd_offset)),
        in_their_cell=float(np.mean(cell == elites)),
    )


def keep(run: pathlib.Path, found: Unseen) -> None:
    """Puts a measurement into a run folder, in place of one of the same episodes.

    Raises:
      OSError: the disk refused.
    """
    name = f"archive_evalseed{found.eval_seed}_episodes{found.episodes}.json"
    path = run / "heldout" / name
    path.parent.mkdir(exist_ok=True)
    atomic.write_json(path, found._asdict())


def read(run: pathlib.Path) -> list[Unseen]:
    """Reads the measurements of a run, by eval seed; the most episodes of each count.

    Raises:
      BrokenRunError: a file that is not as the head of this module says.
    """
    found: dict[int, Unseen] = {}
    for path in sorted((run / "heldout").glob("archive_*.json")):
        name = _FILE.fullmatch(path.name)
        if name is None:
            continue
        value = jsontext.decode(path.read_bytes(), where=str(path))
        one = _unseen(value, str(path))
        if (one.eval_seed, one.episodes) != (int(name[1]), int(name[2])):
            raise runlog.BrokenRunError(
                f"{path} should be of the eval seed and episodes of its name, is of "
                f"{one.eval_seed} and {one.episodes}."
            )
        other = found.get(one.eval_seed)
        if other is None or one.episodes > other.episodes:
            found[one.eval_seed] = one
    return [found[seed] for seed in sorted(found)]


def _unseen(value: Any, where: str) -> Unseen:
    found = value if isinstance(value, dict) else {}
    numbers = {name: found.get(name, math.nan) for name in Unseen._fields}
    if not all(metrics.is_number(n) and math.isfinite(n) for n in numbers.values()):
        raise runlog.BrokenRunError(
            f"{where} should have finite numbers {', '.join(Unseen._fields)}, got "
            f"{value!r:.80}."
        )
    return Unseen(**numbers)


def _cells(config: QDConfig, descriptors: Any) -> Any:
    """The cell of each descriptor; beyond all cells for one outside."""
    import jax
    import numpy as np

    from koki2.search import archive as archives

    index = archives.cells(config.archive).index
    placed = jax.device_put(np.asarray(descriptors, np.float32))
    return jax.device_get(jax.jit(jax.vmap(index))(placed))
