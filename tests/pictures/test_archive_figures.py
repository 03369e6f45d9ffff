"""The page of an archive: its pixels, polygons, dots and lines are what went in.

And `koki2 plot` finds them in a run of koki2 qd.
"""

import dataclasses
import json

import matplotlib
import numpy as np
import pytest
from matplotlib.path import Path
from PIL import Image

from koki2 import pictures, runlog
from koki2.cli import plot
from koki2.envs.configs import ChemotaxisConfig
from koki2.evolution.configs import (
    BehaviourConfig,
    EvolutionConfig,
    LoopConfig,
    QDConfig,
)
from koki2.pictures import archive as drawing
from koki2.pictures.cells import voronoi
from koki2.search.configs import ArchiveConfig, EmitterConfig

COLUMNS = ("evaluations", "coverage", "qd_score", "best_fitness", "mean_fitness")


def over_time(generations=3, **more):
    """Coverage climbs by a tenth a generation, all else by ten."""
    g = np.arange(1, generations + 1)
    made = {"evaluations": 8 * g, "coverage": g / 10, "qd_score": 10.0 * g}
    return made | {"best_fitness": 10.0 * g, "mean_fitness": 5.0 * g} | more


def grid(shape, low, high, fitness):
    """An archive whose elites behaved like the middles of their cells; NaN is empty."""
    middles = [
        bottom + (np.arange(n) + 0.5) * (top - bottom) / n
        for n, bottom, top in zip(shape, low, high, strict=True)
    ]
    mesh = np.meshgrid(*middles, indexing="ij")
    centre = np.stack(mesh, axis=-1).reshape(-1, len(shape))
    return archive_of(centre, low, high, fitness, shape=shape)


def archive_of(centre, low, high, fitness, shape=None):
    filled = ~np.isnan(fitness)
    names = ["first", "second", "third", "fourth"][: centre.shape[1]]
    space = pictures.Space(names, np.array(low), np.array(high), centre, shape)
    elites = pictures.Elites(
        fitness=np.where(filled, fitness, -np.inf).astype(np.float32),
        birth=np.where(
            filled, 2 - np.arange(len(filled)), -1
        ),  # age: the cell's number
        descriptor=np.where(filled[:, None], centre, 0),
        filled=filled,
    )
    return space, elites


def drawn(archive, **more):
    """The axes of the page, by what stands above them."""
    page = pictures.archive_figure({"run": over_time()}, archive, **more)
    return page, {axes.get_title("left"): axes for axes in page.axes}


def shown(axes):
    """What an image holds at [across, up]; NaN where it is empty."""
    return np.ma.filled(axes.images[0].get_array().T.astype(float), np.nan).tolist()


def test_each_pixel_is_a_cell_of_the_grid_at_its_place_in_the_space():
    fitness = np.array([1.0, 2.0, np.nan, 4.0, 5.0, 6.0])
    archive = grid((2, 3), (0.0, -1.0), (10.0, 2.0), fitness)
    _, found = drawn(archive)
    across, up = found["Fitness of elites"], found["Age of elites"]
    np.testing.assert_equal(shown(across), [[1, 2, np.nan], [4, 5, 6]])
    np.testing.assert_equal(shown(up), [[0, 1, np.nan], [3, 4, 5]])
    assert across.images[0].get_extent() == [0, 10, -1, 2]
    assert (across.get_xlabel(), across.get_ylabel()) == ("first", "second")
    assert across.get_title("right") == "grey: no elite"
    _, turned = drawn(archive, dims=(1, 0))
    turned = turned["Fitness of elites"]
    np.testing.assert_equal(shown(turned), [[1, 4], [2, 5], [np.nan, 6]])
    assert turned.images[0].get_extent() == [-1, 2, 0, 10]


def test_a_pixel_is_painted_in_the_colour_of_its_fitness_and_an_empty_one_grey(
    tmp_path,
):
    page, found = drawn(grid((2, 2), (0, 0), (1, 1), np.array([3.0, np.nan, 4.0, 7.0])))
    pictures.save(page, tmp_path / "a.png")
    image = Image.open(tmp_path / "a.png").convert("RGB")
    to_pixels = found["Fitness of elites"].transData.transform
    colour = matplotlib.colormaps["viridis"]
    grey = tuple(int(drawing.EMPTY[k : k + 2], 16) for k in (1, 3, 5))
    for place, painted in (
        ((0.25, 0.25), colour(0.0, bytes=True)[:3]),
        ((0.75, 0.25), colour(0.25, bytes=True)[:3]),
        ((0.75, 0.75), colour(1.0, bytes=True)[:3]),
        ((0.25, 0.75), grey),
    ):
        x, y = to_pixels(place)
        seen = image.getpixel((round(x), image.height - round(y)))
        assert np.abs(np.subtract(seen, [int(c) for c in painted])).max() <= 1, place


def test_what_an_archive_is_worth_unseen_is_dashed_at_its_height():
    archive = grid((2, 2), (0, 0), (1, 1), np.array([3.0, np.nan, 4.0, 7.0]))
    _, found = drawn(archive, unseen={"coverage": 0.25, "qd_score": 7.5})
    for heading, level in (("Coverage", 25), ("QD-score", 7.5)):
        (dashed,) = [x for x in found[heading].lines if x.get_linestyle() == "--"]
        assert set(dashed.get_ydata()) == {level}
        assert "unseen" in [text.get_text() for text in found[heading].texts]
    assert not any(x.get_linestyle() == "--" for x in found["Fitness"].lines)


def test_over_more_dimensions_each_pixel_is_the_fittest_elite_and_its_age():
    fitness = np.full((2, 2, 3), np.nan)
    fitness[0, 0] = [1.0, 8.0, 3.0]
    fitness[1, 0, 2] = -5.0
    fitness[1, 1] = [np.nan, 2.0, 2.0]
    archive = grid((2, 2, 3), (0, 0, 0), (1, 1, 1), fitness.ravel())
    page, found = drawn(archive, dims=(0, 1))
    np.testing.assert_equal(shown(found["Fitness of elites"]), [[8, np.nan], [-5, 2]])
    np.testing.assert_equal(shown(found["Age of elites"]), [[1, np.nan], [8, 10]])
    assert "fittest elite over third." in page.get_suptitle()
    page, found = drawn(archive, dims=(2, 0))
    np.testing.assert_equal(
        shown(found["Fitness of elites"]), [[1, np.nan], [8, 2], [3, 2]]
    )
    assert "over second." in page.get_suptitle()


def test_voronoi_cells_fill_the_square_and_hold_what_is_nearest_to_their_centroid():
    random = np.random.default_rng(3)
    points, tries = random.random((40, 2)), random.random((500, 2))
    cells = voronoi(points)
    nearest = np.argmin(((tries[:, None] - points[None]) ** 2).sum(-1), axis=1)
    holds = np.array([Path(cell).contains_points(tries) for cell in cells])
    assert (np.argmax(holds, axis=0) == nearest).all() and (
        holds.sum(axis=0) == 1
    ).all()
    x, y = zip(*(cell.T for cell in cells), strict=True)
    turn = lambda x, y: np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)) / 2
    assert sum(abs(turn(a, b)) for a, b in zip(x, y, strict=True)) == pytest.approx(1)


def test_centroids_are_polygons_in_the_units_of_the_space():
    centre = np.array([[2.5, 1.0], [7.5, 1.0]])
    archive = archive_of(centre, (0, 0), (10, 2), np.array([3.0, np.nan]))
    _, found = drawn(archive)
    (cells,) = found["Fitness of elites"].collections
    corners = [path.vertices for path in cells.get_paths()]
    assert [c.min(axis=0).tolist() for c in corners] == [[0, 0], [5, 0]]
    assert [c.max(axis=0).tolist() for c in corners] == [[5, 2], [10, 2]]
    assert cells.get_array().tolist() == [3.0, None]


def test_of_very_many_centroids_each_pixel_has_the_colour_of_the_nearest(monkeypatch):
    monkeypatch.setattr(drawing, "_MANY", 1)
    monkeypatch.setattr(drawing, "_SIDE", 2)
    centre = np.array([[2.5, 1.0], [7.5, 1.0]])
    archive = archive_of(centre, (0, 0), (10, 2), np.array([3.0, np.nan]))
    _, found = drawn(archive)
    np.testing.assert_equal(
        shown(found["Fitness of elites"]), [[3, 3], [np.nan, np.nan]]
    )


def test_centroids_in_three_dimensions_are_dots_with_the_fittest_on_top():
    centre = np.array([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6], [0.7, 0.8, 0.9]])
    archive = archive_of(centre, (0, 0, 0), (1, 1, 1), np.array([9.0, np.nan, 2.0]))
    page, found = drawn(archive, dims=(2, 0))
    (dots,) = found["Fitness of elites"].collections
    assert dots.get_offsets().tolist() == [[0.9, 0.7], [0.3, 0.1]]
    assert dots.get_array().tolist() == [2.0, 9.0]
    (ages,) = found["Age of elites"].collections
    assert ages.get_array().tolist() == [2, 0]
    assert "Dots are elites, at any second." in page.get_suptitle()


def test_one_dimension_makes_a_step_per_elite_over_the_width_of_its_cell():
    archive = grid((4,), (0.0,), (8.0,), np.array([3.0, np.nan, 5.0, 6.0]))
    _, found = drawn(archive)
    empty, steps = found["Fitness of elites"].collections
    assert [s.tolist() for s in steps.get_segments()] == [
        [[0, 3], [2, 3]],
        [[4, 5], [6, 5]],
        [[6, 6], [8, 6]],
    ]
    (box,) = [path.vertices for path in empty.get_paths()]
    assert (box[:, 0].min(), box[:, 0].max()) == (2, 4)
    low, high = found["Fitness of elites"].get_ylim()
    assert 2 < low < 3 and 6 < high < 7
    assert found["Age of elites"].get_ylabel() == "age in generations"


def test_an_archive_that_is_empty_or_of_one_fitness_is_drawn_all_the_same(tmp_path):
    for fitness in (np.full(4, np.nan), np.full(4, 7.0)):
        for low in ((0.0, 0.0), (0.0,)):
            shape = (2, 2) if len(low) == 2 else (4,)
            archive = grid(shape, low, [1.0 for _ in low], fitness)
            page, _ = drawn(archive)
            pictures.save(page, tmp_path / "a.png")


def test_one_run_is_drawn_over_evaluations_with_the_best_and_the_mean():
    _, found = drawn(None)
    assert list(found) == ["Coverage", "QD-score", "Fitness"]
    (coverage,), (score,) = found["Coverage"].lines, found["QD-score"].lines
    assert coverage.get_xdata().tolist() == [8, 16, 24]
    np.testing.assert_allclose(coverage.get_ydata(), [10, 20, 30])
    assert score.get_ydata().tolist() == [10, 20, 30]
    best, mean = found["Fitness"].lines
    assert best.get_ydata().tolist() == [10, 20, 30]
    assert mean.get_ydata().tolist() == [5, 10, 15]


def test_several_runs_are_thin_lines_with_a_bold_median_and_quartiles():
    runs = {n: over_time(qd_score=np.array([1.0, 2, 3]) * n) for n in (1, 2, 4)}
    page = pictures.archive_figure({f"run{n}": c for n, c in runs.items()})
    axes = {a.get_title("left"): a for a in page.axes}["QD-score"]
    lines = {line.get_label(): line for line in axes.lines}
    assert lines["run4"].get_ydata().tolist() == [4, 8, 12]
    middle = lines["median of runs"]
    assert middle.get_ydata().tolist() == [2, 4, 6]
    assert middle.get_linewidth() > lines["run4"].get_linewidth()
    (band,) = axes.collections
    low, high = band.get_datalim(axes.transData).get_points()[:, 1]
    assert (low, high) == (1.5, 9)


def test_runs_without_generations_and_unknown_dimensions_are_refused():
    with pytest.raises(ValueError, match="one generation or more"):
        pictures.archive_figure({"run": over_time(0)})
    archive = grid((2, 2), (0, 0), (1, 1), np.ones(4))
    for dims in ((0, 0), (0, 2), (-1, 0)):
        with pytest.raises(ValueError, match="two different dimensions of 2"):
            drawn(archive, dims=dims)


CONFIG = QDConfig(
    env=ChemotaxisConfig(width=9, height=9, steps=5),
    archive=ArchiveConfig(shape=(2, 3)),
    emitter=EmitterConfig(batch_size=8),
    behaviour=BehaviourConfig(descriptors=("end_x", "end_y")),
    loop=LoopConfig(generations=3),
)


@pytest.fixture
def make_run(tmp_path):
    def make(name="run", config=CONFIG, generations=3, is_complete=True, cells=6):
        path, columns = tmp_path / name, over_time(generations)
        rows = [
            {"generation": g, **{c: float(columns[c][g]) for c in COLUMNS[1:]}}
            for g in range(generations)
        ]
        values = dataclasses.asdict(config)
        with runlog.Run.start(
            tmp_path, "qd", 7, values, {}, {}, kind="qd", out_dir=path
        ) as run:
            run.append(rows)
            if is_complete:
                run.save_artifact(
                    "archive",
                    {
                        "genome": np.zeros((cells, 4), np.float32),
                        "fitness": np.arange(cells, dtype=np.float32),
                        "descriptor": np.zeros((cells, 2), np.float32),
                        "filled": np.arange(cells) > 0,
                        "birth": np.arange(cells, dtype=np.int32),
                        "centre": np.zeros((cells, 2), np.float32),
                    },
                )
                run.finish({})
        return path

    return make


def test_plot_leaves_a_picture_of_the_archive_in_the_folder_of_the_run(
    make_run, capsys
):
    run = make_run()
    assert plot.run(plot.Options(runs=(run,), dims=("end_y", "0"), json=True)) == 0
    assert json.loads(capsys.readouterr().out) == {
        "out": str(run / "archive.png"),
        "generations": {str(run): 3},
        "held_out": {str(run): {}},
        "complete": {str(run): True},
    }
    with Image.open(run / "archive.png") as image:
        assert image.width == 1320 and image.height > 900
        assert len(image.convert("RGB").getcolors(1 << 20)) > 500


def test_plot_of_a_run_on_its_way_draws_the_curves_and_says_so(make_run, capsys):
    run = make_run(generations=2, is_complete=False)
    assert plot.run(plot.Options(runs=(run,))) == 0
    assert "has no archive yet" in capsys.readouterr().out
    with Image.open(run / "archive.png") as image:
        assert image.height < 500


def test_plot_of_several_runs_draws_no_archive(make_run, monkeypatch, tmp_path):
    other = dataclasses.replace(CONFIG, archive=ArchiveConfig(shape=(3, 2)))
    runs = (make_run("a"), make_run("b", other))
    monkeypatch.chdir(tmp_path)
    seen = {}
    figure = pictures.archive_figure
    monkeypatch.setattr(
        pictures,
        "archive_figure",
        lambda *a, **k: seen.update(k, runs=a[0], archive=a[1]) or figure(*a, **k),
        raising=False,
    )
    assert plot.run(plot.Options(runs=runs)) == 0
    assert (tmp_path / "archive.png").exists()
    assert seen["archive"] is None and "archives differ" in seen["note"]
    assert seen["runs"]["a"]["evaluations"] == [8, 16, 24]


def test_plot_refuses_runs_and_dimensions_that_do_not_go_together(make_run, tmp_path):
    run, again = make_run("a"), make_run("b")
    with runlog.Run.start(
        tmp_path,
        "evo",
        7,
        dataclasses.asdict(EvolutionConfig()),
        {},
        {},
        out_dir=tmp_path / "evo",
    ):
        pass
    for runs, dims, said in (
        (
            (run, tmp_path / "evo"),
            None,
            "one kind.*/a is of qd and .*/evo is of evo",
        ),
        ((tmp_path / "evo",), ("0", "1"), "--dims must be left out: only"),
        ((run, again), ("0", "1"), "--dims must be left out for several runs"),
        ((run,), ("end_x", "reach"), r"of 0 \(end_x\), 1 \(end_y\), got end_x reach"),
        ((run,), ("0", "end_x"), "two different dimensions"),
        ((run,), ("0",), "two different dimensions"),
        ((make_run("none", generations=0, is_complete=False),), None, "no rows yet"),
    ):
        with pytest.raises(runlog.InputError, match=said):
            plot.run(plot.Options(runs=runs, dims=dims))


def test_plot_refuses_an_archive_that_is_not_of_the_config(make_run):
    with pytest.raises(runlog.BrokenRunError, match="should hold the 6 cells"):
        plot.run(plot.Options(runs=(make_run(cells=5),)))
    run = make_run("gone")
    (run / "archive.npz").unlink()
    with pytest.raises(runlog.BrokenRunError, match="archive.npz"):
        plot.run(plot.Options(runs=(run,)))
