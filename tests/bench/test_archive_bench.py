"""The parts of the archive benchmarks that need no peer. Nothing is timed here."""

import importlib
import pathlib

import jax.numpy as jnp
import numpy as np
import pytest

BENCH = pathlib.Path(__file__).parents[2] / "tools" / "bench"


@pytest.fixture
def bench(monkeypatch):
    """name -> a benchmark, which finds its neighbours as a script does."""
    monkeypatch.syspath_prepend(str(BENCH))
    return importlib.import_module


@pytest.fixture
def archive(bench):
    return bench("archive")


def sides(archive, setting):
    space, batches = setting.cells(), archive.draw(setting, seed=1)
    both = {
        "koki2": archive.ours(space, batches),
        "NumPy": archive.plain(space, batches),
    }
    return space, batches, both


@pytest.mark.parametrize("kind", ["grid", "cvt"])
def test_plain_numpy_holds_the_rows_that_we_hold(archive, kind):
    setting = archive.Setting(kind, per_side=5, floats=3, links=2)
    space, batches, both = sides(archive, setting)
    elsewhere, touched = archive.strays(space, both, batches)
    assert elsewhere["NumPy"] <= 2 and touched.sum() <= 4  # on the border of two cells
    found = archive.agree(setting, both, touched)
    assert found["koki2"] == 0 and found["NumPy"] <= touched.sum()


def test_with_ties_and_nan_the_fitness_is_the_same(archive):
    setting = archive.Setting("grid", per_side=5, floats=3, ties=True, links=2)
    _, batches, both = sides(archive, setting)
    assert np.isnan(batches[0].fitness).any()
    assert archive.agree(setting, both, np.zeros(25, bool)) == {"koki2": 0, "NumPy": 0}


def test_an_archive_of_other_rows_is_noticed(archive):
    setting = archive.Setting("grid", per_side=5, floats=3, links=1)
    _, _, both = sides(archive, setting)
    relay = both["NumPy"].relay

    def read(held):
        genome, fitness = relay.read(held)
        genome = genome.copy()
        genome[7, 1] += 1e-6
        return genome, fitness

    both["NumPy"] = both["NumPy"]._replace(relay=relay._replace(read=read))
    with pytest.raises(SystemExit, match="NumPy holds other rows"):
        archive.agree(setting, both, np.zeros(25, bool))


def test_a_chain_is_timed_link_by_link_and_must_repeat_itself(bench):
    harness = bench("harness")
    count = iter(range(100))
    sides = {
        "steady": harness.Relay(lambda: 0, lambda x, link: x + link, np.float64),
        "fickle": harness.Relay(lambda: 0, lambda x, link: next(count), np.float64),
    }
    steady = {"steady": sides["steady"]}
    assert harness.relay(steady, 4, samples=3)["steady"].samples == 3
    with pytest.raises(RuntimeError, match="fickle: the same chain"):
        harness.relay(sides, 4, samples=2)


def test_an_arm_that_is_stretched_out_reaches_half_the_square(bench):
    arm = bench("qd_loop").arm
    fitness, tip = arm(jnp.full(100, 0.5))  # no link turns against the one before
    assert fitness == 0.0
    np.testing.assert_allclose(tip, [1.0, 0.5], atol=1e-6)
    fitness, _ = arm(jnp.tile(jnp.array([-1.0, 2.0]), 50))  # clipped to 0 and 1
    assert fitness == bench("qd_loop").LOWEST


def test_a_missing_peer_ends_the_program_and_names_the_extra(archive, capsys):
    with pytest.raises(SystemExit) as ended:
        archive.require_peers("numpy", "no_such_peer")
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert "no_such_peer" in said and "koki2[bench]" in said and "numpy" not in said


def test_two_sets_of_runs_are_alike_or_not(bench):
    same_quality = bench("qd_loop").same_quality
    scores = np.array([99.0, 100.0, 101.0])
    same_quality(scores, scores + 2.5)  # 3 errors of 0.82, and 1 %
    with pytest.raises(SystemExit, match="not alike"):
        same_quality(scores, scores + 4.0)
