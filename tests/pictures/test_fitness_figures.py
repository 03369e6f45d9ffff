"""The page of `koki2 plot`: its lines and bars are the numbers that went in."""

import subprocess
import sys

import matplotlib
import numpy as np
import pytest

from koki2 import pictures
from koki2.pictures.labels import spread


def lines(axes):
    return {drawn.get_label(): drawn for drawn in axes.lines}


def panels(page):
    return {axes.get_title("left"): axes for axes in page.axes}


def test_one_run_is_drawn_with_its_population_raw_and_smoothed_beside(columns):
    run = columns(40)
    found = panels(pictures.fitness_figure({"run": run}))
    smoothed = found["Over experience, median of 5 generations each"]
    for axes, x, inside in (
        (found["Over generations"], "generation", slice(None)),
        (smoothed, "env_steps", slice(2, -2)),  # of a straight line: the line itself
    ):
        drawn = lines(axes)
        for label, y in (
            ("best so far", "best_fitness"),
            ("generation best", "generation_best"),
            ("population median", "median_fitness"),
        ):
            assert drawn[label].get_xdata().tolist() == run[x]
            assert drawn[label].get_ydata().tolist()[inside] == run[y][inside]
    assert lines(smoothed)["best so far"].get_ydata().tolist() == run["best_fitness"]
    assert (
        lines(smoothed)["generation best"].get_ydata()[0] == run["generation_best"][1]
    )
    (band,) = found["Over generations"].collections
    box = band.get_datalim(found["Over generations"].transData).get_points()[:, 1]
    assert tuple(box) == (run["fitness_q25"][0], run["fitness_q75"][-1])
    assert "Viability" not in found


def test_a_short_run_is_drawn_once(columns):
    assert list(panels(pictures.fitness_figure({"run": columns(19)}))) == [
        "Over generations",
        "Unseen episodes",
    ]


def test_several_runs_are_thin_lines_with_their_median_where_all_of_them_are(columns):
    runs = {"a": columns(4, 100.0), "b": columns(3, 110.0), "c": columns(4, 104.0)}
    drawn = lines(panels(pictures.fitness_figure(runs))["Over generations"])
    assert drawn["b"].get_ydata().tolist() == [110.0, 111.0, 112.0]
    middle = drawn["median of best so far"]
    assert middle.get_xdata().tolist() == [0, 1, 2]
    assert middle.get_ydata().tolist() == [104.0, 105.0, 106.0]
    assert middle.get_linewidth() > drawn["b"].get_linewidth()


def test_experience_is_logarithmic_only_if_runs_differ_tenfold_in_it(columns):
    for steps, scale in ((5000, "linear"), (50_000, "log")):
        runs = {"a": columns(40), "b": columns(40, steps=steps)}
        _, smoothed, _ = pictures.fitness_figure(runs).axes
        assert smoothed.get_xscale() == scale


def test_genomes_that_are_not_viable_do_not_flatten_the_curves(columns):
    rate = {"mvt_pass_rate": [0.1, 0.2, 0.5, 1.0]}
    run = columns(fitness_q25=[-1e9, -1e9, 90.0, 91.0], **rate)
    found = panels(pictures.fitness_figure({"run": run}))
    low, high = found["Over generations"].get_ylim()
    assert 80 < low < 90 and 103 < high < 110
    assert "far below" in found["Over generations"].get_title("right")
    assert found["Viability"].lines[0].get_ydata().tolist() == [10, 20, 50, 100]


def test_unseen_lives_are_bars_with_the_intervals_that_came_with_them(columns):
    lives = {"greedy": (154.0, 152.0, 156.5), "best": (164.0, 163.0, 165.0)}
    page = pictures.fitness_figure({"run": columns()}, {"run": {7: lives, 0: lives}})
    axes = panels(page)["Unseen episodes"]
    assert [label.get_text() for label in axes.get_xticklabels()] == [
        "best genome",
        "greedy",
    ]
    assert [bar.get_height() for bar in axes.patches] == [164.0, 164.0, 154.0, 154.0]
    ends = [drawn.get_ydata()[:2].tolist() for drawn in axes.lines[1::3]]
    assert ends == [[163.0, 165.0]] * 2 + [[152.0, 156.5]] * 2
    assert "axis starts at" in axes.get_ylabel()  # zero is far from 152
    assert "eval seeds 0, 7" in axes.get_title("right")


def test_without_unseen_lives_the_page_says_how_to_get_some(columns):
    page = pictures.fitness_figure({"run": columns()}, advice="koki2 eval-run")
    (words,) = panels(page)["Unseen episodes"].texts
    assert words.get_text() == "koki2 eval-run"


def test_runs_without_generations_and_groups_of_uneven_bars_are_refused(columns):
    with pytest.raises(ValueError, match="one generation or more"):
        pictures.fitness_figure({"run": columns(0)})
    axes = pictures.figure(2, 2).add_subplot()
    with pytest.raises(ValueError, match="'b': 2"):
        pictures.bars(axes, {"a": [(1, 1, 1)], "b": [(1, 1, 1)] * 2})


def test_labels_never_overlap_and_stay_in_their_order():
    heights = [0.97, 0.98, 0.99, 0.5, 0.51, 0.0]
    places = spread(heights, [0.1] * 6)
    assert np.argsort(places).tolist() == np.argsort(heights).tolist()
    assert np.diff(sorted(places)).min() > 0.1 - 1e-9
    assert min(places) >= 0.05 and max(places) <= 0.95 + 1e-9


def test_the_settings_of_matplotlib_are_as_they_were(columns):
    before = dict(matplotlib.rcParams)
    pictures.fitness_figure({"run": columns()})
    assert dict(matplotlib.rcParams) == before


def test_the_door_costs_no_matplotlib_and_drawing_needs_no_pyplot():
    code = (
        "import sys; from koki2 import pictures; "
        "assert not {'matplotlib', 'numpy', 'PIL'} & set(sys.modules); "
        "pictures.figure(1, 1).savefig('/dev/null', format='png'); "
        "assert not {'matplotlib.pyplot', 'jax'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
