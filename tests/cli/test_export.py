"""Archives on their way to pyribs and back: not a bit is lost, and errors are named."""

import csv
import dataclasses
import functools
import json
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import tiny

from koki2 import runlog
from koki2.agents.configs import AgentConfig
from koki2.envs.configs import ChemotaxisConfig
from koki2.evolution.configs import BehaviourConfig, EvolutionConfig, QDConfig
from koki2.reports import exchange, pyribs
from koki2.search import archive as archives
from koki2.search.configs import ArchiveConfig

GRID = QDConfig(
    env=ChemotaxisConfig(width=9, height=9, steps=5),
    agent=AgentConfig(n_neurons=4, k_edges=2),
    archive=ArchiveConfig(shape=(10, 3), low=(0.0, -1.0), high=(1.0, 1.0)),
    behaviour=BehaviourConfig(descriptors=("end_x", "end_y")),
)
CVT = dataclasses.replace(
    GRID, archive=ArchiveConfig(archive="cvt", cvt_cells=12, cvt_samples=256)
)
SIZE = tiny.task(GRID, 7).genome.size
ODD = np.array(
    [0.1, -0.0, 1e-45, 3.4028235e38, 12345.678, 9.999999e-05, -1 / 3], np.float32
)


@functools.cache
def cells(cut):
    return archives.cells(cut)


@pytest.fixture
def make_run(home):
    """Makes a run with elites in half of its cells or so, with odd floats in them."""

    def make(name="run", config=GRID, is_complete=True):
        space, random = cells(config.archive), np.random.default_rng(1)
        filled = random.random(space.count) < 0.5
        genome = random.normal(size=(space.count, SIZE)).astype(np.float32)
        genome[:, : len(ODD)] = ODD
        fitness = random.normal(size=space.count).astype(np.float32)
        birth = np.arange(space.count, dtype=np.int32)
        arrays = {
            "genome": np.where(filled[:, None], genome, np.float32(0)),
            "fitness": np.where(filled, fitness, np.float32(-np.inf)),
            "descriptor": np.where(filled[:, None], space.centre, np.float32(0)),
            "filled": filled,
            "birth": np.where(filled, birth, np.int32(-1)),
            "centre": space.centre,
        }
        values, path = dataclasses.asdict(config), home / name
        made = runlog.Run.start(home, "qd", 7, values, {}, {}, kind="qd", out_dir=path)
        with made as run:
            if is_complete:
                run.save_artifact("archive", arrays)
                run.finish({})
        return path

    return make


def read(path):
    with open(path, newline="") as file:
        return list(csv.reader(file))


def bits(arrays):
    return {n: (x.dtype, x.shape, x.tobytes()) for n, x in arrays.items()}


@pytest.mark.parametrize("config", [GRID, CVT], ids=["grid", "cvt"])
def test_an_archive_comes_back_to_the_bit(koki2, make_run, home, config):
    make_run(config=config)
    filled = int(runlog.read_artifact("run", "archive")["filled"].sum())
    said = koki2("export run --out files --json").json
    assert said["out"] == "files" and said["elites"] == filled
    assert koki2("import-archive files --like run --out back.npz --json").json == {
        "out": "back.npz",
        "rows": filled,
        "accepted": filled,
        "not_finite": 0,
        "outside": 0,
        "beaten": 0,
    }
    back = runlog.load_arrays(home / "back.npz")
    assert bits(back) == bits(runlog.read_artifact("run", "archive"))


def test_the_table_has_the_columns_of_pyribs_and_the_shortest_floats(koki2, make_run):
    make_run()
    assert koki2("export run --out files").code == 0
    header, *rows = read("files/archive.csv")
    assert header == [
        *(f"solution_{d}" for d in range(SIZE)),
        *("objective", "measures_0", "measures_1", "threshold", "birth", "index"),
    ]
    assert rows[0][: len(ODD)] == [
        *("0.1", "-0.0", "1e-45", "3.4028235e+38", "12345.678", "9.999999e-05"),
        "-0.33333334",
    ]
    archive, data = runlog.read_artifact("run", "archive"), np.load("files/archive.npz")
    index = np.flatnonzero(archive["filled"])
    assert [int(row[-1]) for row in rows] == index.tolist() == data["index"].tolist()
    assert [row[SIZE] for row in rows] == [row[-3] for row in rows]
    assert (data["solution"] == archive["genome"][index]).all()
    assert (data["measures"] == archive["descriptor"][index]).all()


def test_the_space_is_told_in_words_of_pyribs(koki2, make_run, home):
    make_run(), make_run("cvt", CVT)
    assert koki2("export run --out a").code == koki2("export cvt --out b").code == 0
    told = json.loads((home / "a" / "archive.json").read_text())
    assert told == {
        "archive": "grid",
        "measures": ["end_x", "end_y"],
        "ranges": [[0.0, 1.0], [-1.0, 1.0]],
        "solution_dim": SIZE,
        "qd_score_offset": 0.0,
        "dims": [10, 3],
        "epsilon": 1e-6,
    }
    centre = runlog.read_artifact("cvt", "archive")["centre"]
    assert (np.load("b/archive.npz")["centroids"] == centre).all()


def test_any_float32_survives_the_table():
    random = np.random.default_rng(0)
    some = random.integers(0, 2**32, 20_000, dtype=np.uint64).astype(np.uint32)
    floats = some.view(np.float32)
    floats = floats[np.isfinite(floats)]
    texts = exchange._texts(floats)
    back = np.array([float(text) for text in texts]).astype(np.float32)
    assert back.tobytes() == floats.tobytes()
    assert max(map(len, texts)) <= 15


def test_the_float32_whose_shortest_text_is_read_as_its_neighbour_gets_a_longer_one():
    """7.038531e-26, rounded to a double and then to a float32, is rounded up twice."""
    neighbour = np.float32(7.038531e-26)
    hard = np.nextafter(neighbour, np.float32(0))
    assert str(hard) == "7.038531e-26" != str(neighbour)
    (text,) = exchange._texts(np.array([hard]))
    assert np.float32(float(text)) == hard


def test_a_table_that_pandas_wrote_in_double_precision_is_understood(koki2, make_run):
    """With a first column of row numbers, other columns, and no births."""
    make_run()
    archive = runlog.read_artifact("run", "archive")
    index = np.flatnonzero(archive["filled"])
    with open("theirs.csv", "w", newline="") as file:
        table = csv.writer(file)
        names = [f"solution_{d}" for d in range(SIZE)]
        table.writerow(
            ["", "measures_1", "measures_0", "objective", "note", *names, "index"]
        )
        for i, cell in enumerate(index):
            x, y = map(float, archive["descriptor"][cell])
            genes = archive["genome"][cell].tolist()
            table.writerow([i, y, x, float(archive["fitness"][cell]), "", *genes, 0])
    assert koki2("import-archive theirs.csv --like run --out back.npz").code == 0
    back = runlog.load_arrays("back.npz")
    assert (back["birth"] == np.where(archive["filled"], 0, -1)).all()
    del back["birth"], archive["birth"]
    assert bits(back) == bits(archive)


def write(rows, **more):
    """A table of (fitness, x, y) for the grid; genomes are zeros."""
    names = [f"solution_{d}" for d in range(SIZE)]
    with open("table.csv", "w", newline="") as file:
        table = csv.writer(file)
        table.writerow([*names, "objective", "measures_0", "measures_1", *more])
        for i, row in enumerate(rows):
            more_here = [values[i] for values in more.values()]
            table.writerow([*[0] * SIZE, *row, *more_here])


@pytest.mark.slow
def test_rows_that_are_beaten_or_refused_are_counted(koki2, make_run):
    make_run()
    write(
        [
            *((1.0, 0.55, 0.0), (3.0, 0.56, 0.1), (2.0, 0.57, 0.0)),  # one cell
            *((9.0, 1.5, 0.0), ("", 0.1, 0.1), ("inf", 0.1, 0.1), (1e39, 0.1, 0.1)),
            *((1.0, "nan", 0.1), (4.0, 1.0, -1.0)),
        ]
    )
    said = koki2("import-archive table.csv --like run --out back.npz")
    assert said.out == (
        "wrote back.npz: 2 of 9 rows accepted, 2 beaten in their cell, 4 not finite, "
        "1 outside of the space\n"
    )
    back = runlog.load_arrays("back.npz")
    assert np.flatnonzero(back["filled"]).tolist() == [16, 27]
    assert back["fitness"][[16, 27]].tolist() == [3, 4]


def test_a_table_without_rows_is_an_empty_archive(koki2, make_run):
    make_run()
    write([])
    said = koki2("import-archive table.csv --like run --out back.npz --json").json
    assert (said["rows"], said["accepted"]) == (0, 0)
    assert not runlog.load_arrays("back.npz")["filled"].any()


@pytest.mark.parametrize(
    "change, said",
    [
        (lambda t: t.replace("objective", "score"), "must have a column objective"),
        (lambda t: t.replace("measures_1", "end_y"), "the run has 2, but has 1 "),
        (
            lambda t: t.replace("objective,", "solution_9999,objective,"),
            "the run has 53, but has 54",
        ),
        (
            lambda t: t.replace("solution_0,", f"solution_{SIZE},"),
            "must have columns solution_0",
        ),
        (lambda t: t.replace("index", "birth"), "has two columns of one name"),
        (lambda t: t.replace("0.5,", "half,"), "line 2, objective .* is 'half'"),
        (lambda t: t.replace("\n0,", "\n,", 1), "line 2, solution_0 .* is ''"),
        (lambda t: t.replace(",-3,", ",-3,7,"), "line 2, should have .* columns"),
        (lambda t: t, "line 2, birth should be a generation, .* is -3"),
        (lambda t: "", "must have columns solution_0 to"),
        (lambda t: t.replace("0.5,", '0.5,"'), "cannot be read as CSV"),
        (lambda t: "\xff", "cannot be read as CSV"),
    ],
)
def test_a_table_that_is_none_is_refused_and_the_place_named(
    koki2, make_run, home, change, said
):
    make_run()
    write([(0.5, 0.5, 0.5)], birth=[-3], index=[0])
    text = (home / "table.csv").read_text().replace("\r", "")
    (home / "table.csv").write_bytes(change(text).encode("latin-1"))
    found = koki2("import-archive table.csv --like run --out back.npz")
    assert found.code == 2 and not (home / "back.npz").exists()
    assert re.search(said, found.err) and found.err.count("\n") == 1, found.err


def test_what_cannot_be_exported_or_imported_is_refused_in_a_line(
    koki2, make_run, home
):
    make_run(), make_run("short", is_complete=False)
    values = dataclasses.asdict(EvolutionConfig())
    with runlog.Run.start(home, "evo", 7, values, {}, {}, out_dir=home / "evo"):
        pass
    (home / "taken").mkdir()
    (home / "taken" / "mine.txt").touch()
    for words, said in (
        ("export nowhere --out a", "nowhere should be the folder of a run"),
        ("export evo --out a", "must be of a run of koki2 qd"),
        ("export short --out a", "not complete: koki2 resume short"),
        ("export run --out taken", "new or empty folder.* holds mine.txt"),
        ("export run --out taken/mine.txt", "is, or lies in, a file"),
        ("export run --out taken/mine.txt/a", "is, or lies in, a file"),
        ("import-archive nowhere --like run --out a.npz", "nowhere cannot be read"),
        ("import-archive taken --like run --out a.npz", "archive.csv cannot be read"),
        (
            "import-archive a --like evo --out a.npz",
            "--like must be of a run of koki2 qd",
        ),
        ("import-archive a --like run --out a.csv", "a name in .npz"),
        ("import-archive a --like run --out run/archive.npz", "outside of the run"),
    ):
        found = koki2(words)
        assert found.code == 2 and re.search(said, found.err), (words, found.err)
        assert found.err.count("\n") == 1
    assert not (home / "a").exists()


def test_epsilon_is_such_that_pyribs_has_the_elites_in_our_cells():
    """float32 keeps 0.7 as 0.69999999, which we round up to its edge, and pyribs not.

    Its own epsilon does for 10 cells, and falls short where there are 60.
    """
    for count, is_default in ((10, True), (60, False)):
        cut = ArchiveConfig(shape=(count,), low=(0.0,), high=(1.0,))
        measures = (np.arange(count) / count).astype(np.float32)[:, None]
        index = np.asarray(jax.vmap(cells(cut).index)(jnp.array(measures)))
        assert (index == np.arange(count)).all()
        data = {"measures": measures, "index": index}
        assert not pyribs.agrees(cut, data, epsilon=0.0).all()
        assert pyribs.agrees(cut, data).all() == is_default
        found = pyribs.epsilon(cut, data)
        assert pyribs.agrees(cut, data, epsilon=found).all()
        assert (found == pyribs.EPSILON) == is_default


def test_elites_that_pyribs_would_have_elsewhere_are_counted(
    koki2, make_run, monkeypatch
):
    make_run()
    monkeypatch.setattr(exchange, "elites", moved(exchange.elites))
    said = koki2("export run --out files --json")
    assert said.json["elsewhere"] == 1
    assert "put 1 of" in said.err and "lie on an edge" in said.err


def moved(elites):
    """The same, but for the first, which is said to be one cell further on."""

    def found(archive):
        data = elites(archive)
        return data | {"index": data["index"] + (np.arange(len(data["index"])) == 0)}

    return found


@pytest.mark.parametrize("config", [GRID, CVT], ids=["grid", "cvt"])
def test_pyribs_loads_it_and_what_it_writes_comes_back(koki2, make_run, home, config):
    ribs = pytest.importorskip("ribs.archives")
    make_run(config=config)
    assert koki2("export run --out files --json").json["elsewhere"] == 0
    space = json.loads((home / "files" / "archive.json").read_text())
    data = np.load("files/archive.npz")
    same = {name: space[name] for name in ("solution_dim", "ranges", "qd_score_offset")}
    same |= {"dtype": np.float32, "extra_fields": {"birth": ((), np.int32)}}
    if space["archive"] == "grid":
        theirs = ribs.GridArchive(dims=space["dims"], epsilon=space["epsilon"], **same)
    else:
        theirs = ribs.CVTArchive(centroids=data["centroids"], **same)
    theirs.add(
        data["solution"], data["objective"], data["measures"], birth=data["birth"]
    )
    assert sorted(theirs.data("index").tolist()) == data["index"].tolist()
    table = theirs.data(return_type="pandas")
    assert table.columns.tolist() == read("files/archive.csv")[0]
    table.to_csv("theirs.csv")
    assert koki2("import-archive theirs.csv --like run --out back.npz").code == 0
    back = runlog.load_arrays(home / "back.npz")
    assert bits(back) == bits(runlog.read_artifact("run", "archive"))
