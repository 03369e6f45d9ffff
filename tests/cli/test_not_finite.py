"""What is not finite: genomes fail, a search that diverges stops, no NaN is meant."""

import jax
import numpy as np
import pytest

from koki2 import evolution, runlog
from koki2.core.program import DivergedError
from koki2.runlog import arrays

TINY = (
    "chemotaxis --width 6 --height 6 --steps 12 --n-neurons 8 --k-edges 2 "
    "--generations 4 --episodes 2 --checkpoint-every 2 --out-dir run "
)
EVO = f"evo {TINY} --pop-size 8 "
QD = f"qd {TINY} --shape 4 4 --descriptors end_x end_y --batch-size 16 "
SOME_FAIL = EVO + "--strategy mu_plus_lambda --sigma 1e38 "  # a third overflow


@pytest.fixture
def diverging(fake, monkeypatch):
    """Evolution of plain numbers whose centre is lost after four generations."""

    def build(runs):
        return [lost(fake.fake(config, seed)) for config, seed in runs]

    def lost(program):
        def pack(state):
            if state.generation > 4:
                raise DivergedError("the centre of the search must be finite, got nan")
            return program.pack(state)

        return program._replace(pack=pack)

    monkeypatch.setattr(evolution, "build_many", build, raising=False)


def test_a_search_that_diverges_stops_at_its_last_good_state(koki2, diverging, home):
    said = koki2("evo-l0 --generations 8 --checkpoint-every 2 --out-dir run")
    assert said.code == 4 and said.out == ""
    assert "koki2 evo-l0: the centre of the search must be finite, got nan" in said.err
    assert "is kept, and the run is not complete: run" in said.err
    assert not (home / "run" / "summary.json").exists()
    rows = (home / "run" / "generations.jsonl").read_bytes()
    assert rows.count(b"\n") == 4
    assert koki2("resume run").code == 4
    assert (home / "run" / "generations.jsonl").read_bytes() == rows
    assert "resumable" in koki2("runs --runs-dir .").out


def test_a_genome_that_is_not_finite_is_not_judged(koki2, fake, home):
    """As a run of before may have left it."""
    assert koki2("evo-l0 --generations 2 --out-dir run").code == 0
    genome = evolution.setting(evolution.EvolutionConfig())
    parts = genome.adult(genome.data(0)).genome
    named = jax.device_get(parts.named(parts.init(jax.random.key(0))))
    name = next(iter(named))
    odd = named | {name: np.full_like(named[name], np.nan)}
    for which in ("best", "mean"):
        arrays.save_arrays(home / "run" / f"{which}_genome.npz", odd)
    said = koki2("eval-run --run-dir run --episodes 2")
    assert said.code == 3
    assert f"finite numbers, got {named[name].size} that are not" in said.err


@pytest.mark.parametrize(
    "words",
    ["--episodes 3000000000", "--mvt-episodes 1000001", "--respawn-delay 3000000000"]
    + ["--novelty-k 3000000000", "--mvt-min-alive-steps 9999999999"],
)
def test_whole_numbers_that_no_count_could_hold_are_refused(koki2, home, words):
    said = koki2(f"evo chemotaxis-l0.1 {words} --out-dir run")
    assert said.code == 2 and "<= 1" in said.err and not (home / "run").exists()


@pytest.mark.slow
def test_too_long_steps_end_a_run_without_a_genome_of_nan(koki2, home):
    said = koki2(EVO + "--lr 3e38")
    assert said.code == 4 and "try a smaller lr or sigma" in said.err
    assert not (home / "run" / "mean_genome.npz").exists()
    assert koki2("resume run").code == 4
    assert koki2("eval-run --run-dir run --episodes 2").code == 2


@pytest.mark.slow
def test_an_archive_holds_no_genome_that_is_not_finite(koki2, home):
    assert koki2(QD + "--init-sigma 1e38").code == 0
    archive = runlog.read_artifact(home / "run", "archive")
    assert np.all(np.isfinite(archive["genome"][archive["filled"]]))
    refused = [row["not_finite"] for row in runlog.read_rows(home / "run")]
    assert sum(refused) > 0


@pytest.fixture
def restored():
    yield
    jax.config.update("jax_debug_nans", False)
    jax.config.update("jax_transfer_guard", "allow")


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        SOME_FAIL,
        SOME_FAIL + "--mvt --mvt-steps 4 --mvt-min-alive-steps 0",
        SOME_FAIL + "--mvt --mvt-steps 4 --mvt-min-energy-gained 1e9",  # none passes
        SOME_FAIL + "--rungs --rung1-steps 4",
        SOME_FAIL + "--nurse-hazard 0 --repro-phi 0.9 --energy-decay 0.2",
        EVO + "--strategy snes",
        QD + "--init-sigma 1e38",
        QD + "--init-sigma 3e38",  # nothing enters the archive
        QD + "--emitter improvement",
    ],
)
def test_no_nan_that_is_meant_leaves_a_program(koki2, restored, home, words):
    said = koki2(f"{words} --jax-debug-nans")
    assert said.code == 0, said.err
    shown = (home / "run" / "generations.jsonl").read_bytes()
    jax.config.update("jax_debug_nans", False)
    assert koki2(words.replace("--out-dir run", "--out-dir plain")).code == 0
    assert (home / "plain" / "generations.jsonl").read_bytes() == shown


@pytest.mark.slow
@pytest.mark.parametrize("words", [EVO, EVO + "--strategy snes", QD])
def test_no_transfer_goes_unnoticed(koki2, restored, home, words):
    guard = "--jax-transfer-guard disallow"
    said = koki2(f"{words} {guard}")
    assert said.code == 0, said.err
    more = (
        ["descriptors run --episodes 2"] if words is QD else ["probe run --episodes 2"]
    )
    for then in (
        *("resume run", "replay run", "eval-run --run-dir run --episodes 2"),
        *more,
    ):
        said = koki2(f"{then} {guard}")
        assert said.code == 0, (then, said.err)
