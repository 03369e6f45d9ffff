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

        return SimpleNamespace(genome=genome, baseline=baseline)

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
