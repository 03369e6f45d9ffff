import json
from types import SimpleNamespace

import numpy as np
import pytest

from koki2 import evolution


@pytest.fixture
def run(koki2, fake, home, monkeypatch):
    """A run, and lives of which the best genome's are 1 better than the baseline's."""

    def judge(config):
        eta = config.agent.plast_eta

        def genome(seed, genome, *, eval_seed, episodes):
            fitness = np.arange(episodes, dtype=np.float32) + eval_seed + 1
            return {"fitness": fitness + eta, "t_alive": np.full(episodes, 9.0)}

        def baseline(policy, *, eval_seed, episodes):
            fitness = np.arange(episodes, dtype=np.float32) + eval_seed
            return {"fitness": fitness, "t_alive": np.full(episodes, 7.0)}

        def blind(**which):  # left is the best of them
            lives = baseline("stay", **which)
            better = {"fitness": lives["fitness"] + 0.5, "t_alive": lives["t_alive"]}
            return {"stay": lives, "left": better}

        def lesioned(seed, arrays, names, **which):
            lives = genome(seed, arrays, **which)
            taken = {"fitness": lives["fitness"] - 8, "t_alive": lives["t_alive"]}
            if "smell" in names:
                raise evolution.LesionError("lesion must be one of energy, got 'smell'")
            lives_of = {name: lives if name == "frozen" else taken for name in names}
            return {"intact": lives} | lives_of

        lesions = lambda: ("energy", "energy@other", "frozen")
        return SimpleNamespace(
            genome=genome,
            baseline=baseline,
            policies=("greedy",),
            blind=blind,
            lesions=lesions,
            lesioned=lesioned,
        )

    monkeypatch.setattr(evolution, "judge", judge, raising=False)
    assert koki2("evo-l0 --preset smoke --out-dir run").code == 0
    return home / "run"


def test_genomes_baseline_and_difference_are_reported(koki2, run):
    found = koki2("eval-run --run-dir run --episodes 3 --json").json
    (evaluation,) = found["evaluations"]
    assert found["episodes"] == 3 and evaluation["eval_seed"] == 0
    assert evaluation["genomes"]["best"] == {"mean_fitness": 2.0, "mean_t_alive": 9.0}
    assert evaluation["genomes"]["mean"]["mean_fitness"] == 2.0
    assert evaluation["baseline"]["policy"] == "greedy"
    assert evaluation["baseline"]["mean_fitness"] == 1.0
    for metric, mean in (("fitness", 1.0), ("t_alive", 2.0)):
        found = evaluation["differences"]["best"][metric]
        assert found["mean"] == found["low"] == found["high"] == mean
        assert (found["level"], found["flips"]) == (0.95, "exact")
        # three of one sign are 2 of 8 ways, and there are four such differences
        assert (found["p"], found["p_flip"], found["p_holm"]) == (0.25, 0.25, 1.0)


def test_the_table_has_a_line_per_metric(koki2, run):
    said = koki2("eval-run --run-dir run --episodes 3 --seed 0 5 --genome best")
    assert said.code == 0
    lines = [line.split() for line in said.out.splitlines()]
    assert "metric best - greedy [95%] p Holm flips".split() in lines
    assert "mean_fitness 2.0000 1.0000".split() in lines
    assert "mean_fitness 7.0000 6.0000".split() in lines
    sure = "mean_fitness 1.0000 [1.0000, 1.0000] .250 .500 .250"
    assert lines.count(sure.split()) == 2


def test_a_genome_may_be_judged_without_a_baseline_and_with_another_eta(koki2, run):
    said = koki2(
        "eval-run --run-dir run --baseline-policy none --genome mean --json "
        "--override-plast-eta 0.5 --episodes 3"
    )
    (evaluation,) = said.json["evaluations"]
    assert evaluation["genomes"] == {"mean": {"mean_fitness": 2.5, "mean_t_alive": 9.0}}
    assert evaluation["baseline"] is None and evaluation["differences"] == {}
    assert "do not learn at all" in said.err
    assert not (run / "heldout").exists(), "that was not the run's own genome"


def test_evaluations_are_kept_beside_each_other_for_the_plot(koki2, run):
    for policy in ("greedy", "random"):
        words = f"eval-run --run-dir run --episodes 3 --baseline-policy {policy}"
        assert koki2(words).code == 0
    path = run / "heldout" / "evalseed0_episodes3.json"
    kept = json.loads(path.read_text())
    assert (kept["eval_seed"], kept["episodes"]) == (0, 3)
    assert sorted(kept["lives"]) == ["best", "greedy", "mean", "random"]
    best = kept["lives"]["best"]
    assert best["low"] <= best["mean"] == 2.0 <= best["high"]
    path.write_text("{}")
    assert koki2("eval-run --run-dir run --episodes 3").code == 3


def test_a_run_without_genomes_says_what_to_do(koki2, run):
    (run / "summary.json").unlink()
    said = koki2("eval-run --run-dir run")
    assert said.code == 2 and "koki2 resume run" in said.err


def test_a_genome_that_does_not_fit_is_broken(koki2, run, monkeypatch):
    def no(*_, **__):
        raise ValueError("w has 2 numbers, not 581.")

    misfit = lambda config: SimpleNamespace(genome=no)
    monkeypatch.setattr(evolution, "judge", misfit)
    said = koki2("eval-run --run-dir run")
    assert said.code == 3 and "should fit the run's config" in said.err


def test_the_best_that_sees_nothing_is_named(koki2, run):
    said = koki2("eval-run --run-dir run --episodes 3 --baseline-policy blind --json")
    (evaluation,) = said.json["evaluations"]
    assert evaluation["baseline"]["policy"] == "left"
    assert evaluation["differences"]["best"]["fitness"]["mean"] == 0.5
    assert "the best of all that see nothing is left" in said.err
    kept = json.loads((run / "heldout" / "evalseed0_episodes3.json").read_text())
    assert sorted(kept["lives"]) == ["best", "left", "mean"]


def test_a_genome_is_judged_under_lesions_beside_itself(koki2, run):
    words = "eval-run --run-dir run --episodes 3 --genome best --lesion energy frozen"
    (evaluation,) = koki2(f"{words} --json").json["evaluations"]
    lesions = evaluation["lesions"]["best"]
    assert list(lesions) == ["energy", "frozen"]
    assert lesions["energy"]["mean_fitness"] == -6.0
    assert lesions["energy"]["differences"]["fitness"]["low"] == 8.0
    lines = [line.split() for line in koki2(words).out.splitlines()]
    assert "energy -6.0000 8.0000 [8.0000, 8.0000] .250 1 .250".split() in lines
    said = koki2("eval-run --run-dir run --episodes 3 --lesion smell")
    assert said.code == 2 and "lesion must be one of energy" in said.err


def test_a_probe_shows_all_in_one_table_says_what_it_shows_and_is_kept(koki2, run):
    said = koki2("probe run --episodes 16 --genome best")
    assert said.code == 0
    rows = [" ".join(line.split()) for line in said.out.splitlines()]
    sure = ".0001 <.0001"  # 2 of 2^16 ways to flip signs, times four
    assert rows[2:9] == [
        "sees nothing stay 7.5000 1.0000 [1.0000, 1.0000]",
        f"sees nothing left (best) 8.0000 0.5000 [0.5000, 0.5000] {sure}",
        "scripted greedy 7.5000 1.0000 [1.0000, 1.0000]",
        "evolved best 8.5000",
        f"evolved without energy 0.5000 8.0000 [8.0000, 8.0000] {sure}",
        f"evolved without energy@other 0.5000 8.0000 [8.0000, 8.0000] {sure}",
        "evolved without frozen 8.5000 0.0000 [0.0000, 0.0000] 1 1",
    ]
    assert rows[-1] == "verdict: competent: it beats all that see nothing, by energy"
    found = koki2("probe run --episodes 16 --genome best --json").json
    assert found["competent"] and found["uses"] == {"energy": True}
    path = run / "probe" / "best_evalseed0_episodes16.json"
    kept = json.loads(path.read_text())
    assert kept == {name: found[name] for name in kept}
    assert koki2("probe run --episodes 1").code == 2
