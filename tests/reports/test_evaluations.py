"""Evaluations kept in runs: means over runs, differences to a baseline."""

import math

import numpy as np
import pytest

from koki2 import pictures
from koki2.reports import heldout

ALONE = (math.nan, math.nan)


def kept(best: float, greedy: float = 4.0) -> heldout.HeldOut:
    lives = {"best": (best, best - 1, best + 1), "greedy": (greedy, 3.0, 5.0)}
    return heldout.HeldOut(intervals={7: lives}, episodes={"7": 8})


def test_over_runs_means_have_the_interval_of_student_and_too_few_have_none():
    """1, 2, 3: t of two degrees of freedom is 4.303, and 4.303 / sqrt(3) is 2.484."""
    runs = {str(best): kept(float(best)) for best in (1, 2, 3)}
    found = heldout.over_runs(runs)[7]
    assert found["best"] == pytest.approx((2.0, -0.484, 4.484), abs=1e-3)
    assert found["greedy"][0] == 4.0
    np.testing.assert_equal(found["greedy"][1:], ALONE)  # they are all alike
    del runs["3"]
    np.testing.assert_equal(heldout.over_runs(runs)[7]["best"], (1.5, *ALONE))
    runs["3"] = kept(math.nan)  # a genome that failed
    assert heldout.over_runs(runs)[7]["best"][0] == 1.5


def test_a_page_of_several_runs_draws_them():
    runs = {str(best): kept(float(best)) for best in (1, 2, 3)}
    names = ("generation", "env_steps", "best_fitness", "generation_best")
    names += ("median_fitness", "fitness_q25", "fitness_q75")
    page = pictures.fitness_figure(
        {run: {name: [1.0, 2.0] for name in names} for run in runs},
        {run: lives.intervals for run, lives in runs.items()},
        heldout.over_runs(runs),
    )
    unseen = next(a for a in page.axes if a.get_title("left") == "Unseen episodes")
    assert [bar.get_height() for bar in unseen.patches] == [2.0, 4.0]
    assert "95% over runs" in unseen.get_title("right")


def test_differences_are_corrected_over_all_genomes_and_metrics():
    """Two genomes, two metrics: the smallest p counts four times."""
    rise = np.array([1.0, 2.0, 3.0])
    lives = {
        who: {"fitness": gain * rise, "t_alive": np.full(3, 5.0)}
        for who, gain in (("best", 3.0), ("mean", 2.0), ("greedy", 1.0))
    }
    found = heldout.compare(lives, 0, "greedy")["differences"]
    p = found["best"]["fitness"]["p"]  # of 2, 4, 6, and of 1, 2, 3: t is 2 sqrt(3)
    assert p == pytest.approx(0.0742, abs=1e-4)
    assert found["best"]["fitness"]["p_holm"] == pytest.approx(4 * p)
    assert found["mean"]["t_alive"]["p_holm"] == 1.0
