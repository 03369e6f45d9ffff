"""Elites chosen by what they do in episodes that their search never saw.

The best elite of an archive is the one that was luckiest in the few episodes in which
it entered. So all elites live other, more episodes; the best of them there is judged.
"""

import pathlib

import numpy as np

from koki2 import evolution
from koki2.evolution.configs import QDConfig
from koki2.reports import exchange, heldout

WHO = "chosen"


def evaluate(
    path: pathlib.Path,
    config: QDConfig,
    seed: int,
    *,
    chosen_on: tuple[int, int],
    eval_seed: int,
    episodes: int,
) -> None:
    """Chooses an elite of a run, evaluates it, and keeps that in the run's folder.

    Args:
      path: the run folder.
      config: of the run.
      seed: of the run.
      chosen_on: eval seed and number of the episodes by which it is chosen.
      eval_seed: of those in which it is judged.
      episodes: how many of these.
    """
    if WHO in heldout.read_means(path, eval_seed, episodes):
        return
    archive = exchange.archive_of(path, config)
    cells = np.flatnonzero(archive["filled"])
    choice, count = chosen_on
    found = evolution.behaviours(
        config, seed, archive["genome"][cells], eval_seed=choice, episodes=count
    )
    cell = int(cells[np.argmax(found["fitness"])])
    elite = evolution.named_elite(config, seed, archive, cell)
    which = {"eval_seed": eval_seed, "episodes": episodes}
    lives = evolution.judge(config).genome(seed, elite, **which)
    heldout.keep(path, {WHO: lives}, **which)
