"""E019: its arms, its curricula, and what its page says of them."""

import dataclasses

import pytest

from experiments import lab
from experiments.e019_plateau import __main__ as e019, curriculum
from koki2.envs import registry
from koki2.envs.registry import find, LEVELS, make
from koki2.session import kinds

PRESET = {
    "search": {"strategy": "sep_cma_es", "pop_size": 128, "sigma": 0.5, "lr": 0.05},
    "agent": {"tau_m": 0.5},
    "senses": {"gradients": "unit"},
    "loop": {"generations": 200, "episodes": 8},
}


@pytest.fixture
def preset(monkeypatch):
    """Gives every level the settings of an arm, which must stay an arm of its own."""
    levels = {n: level._replace(settings=PRESET) for n, level in LEVELS.items()}
    monkeypatch.setattr(registry, "LEVELS", levels)


def test_arms_are_the_settings_of_the_level_with_one_thing_changed(preset):
    arms = e019.step_of(e019.Options(), "arms")
    assert len(arms.cells) == 7 * 5 * 5
    first = {cell.settings["label"]: cell.config for cell in arms.cells[::-1]}
    assert first["64 neurons"].agent.n_neurons == 64
    assert first["600 generations"].loop.generations == 600
    for label, config in first.items():
        assert config.senses.gradients == "unit" and config.agent.tau_m == 0.5, label
    archives = e019.step_of(e019.Options(), "qd")
    assert {cell.config.behaviour.lives for cell in archives.cells} == {"fresh"}
    assert archives.cells[0].config.loop.generations == 200
    needs = kinds.kind_of("evo").estimate(first["600 generations"], 1)
    assert needs.seconds < 300  # a cell can be waited for


def test_the_stages_of_a_curriculum_have_the_same_senses_and_actions(preset):
    for level, stages in curriculum.STAGES.items():
        configs = curriculum.configs(level)
        worlds = [make(config.env) for config in configs]
        assert len({(w.observation_size, w.num_actions) for w in worlds}) == 1
        assert configs[-1].env == find(level).config and len(configs) == len(stages)
        assert sum(config.loop.generations for config in configs) == 600
        rest = {dataclasses.replace(c, env=configs[0].env) for c in configs}
        assert len(rest) == 1 and configs[0].senses.gradients == "unit"


def test_its_page_says_which_arms_are_better_than_what():
    values = {"preset": 10.0, "curriculum": 30.0, "600 generations": 11.0}
    spread = [0.0, 0.1, 0.2, 0.3, 0.4]
    spreads = {"preset": spread[::-1], "curriculum": spread, "600 generations": spread}
    results = {
        "arms": {
            f"x/{arm}": {
                "runs": ["r"] * 5,
                "mean": {"1": {"fitness": [value + each for each in spreads[arm]]}},
            }
            for arm, value in values.items()
        },
        "probes": {},
        "baselines": {
            "x": {"greedy": {"fitness": 10.2}, "competent": {"fitness": 50.2}}
        },
    }
    pairs = e019.contrasts(results)
    assert len(pairs) == 3 + 2 + 1
    results["contrasts"] = lab.contrasts(results, pairs)
    (line,) = e019.verdict(results)
    assert line == (
        "x: the best arm is curriculum, 30.2, 50% of the way from greedy (10.2) to "
        "competent (50.2). Significantly better than greedy: curriculum, 600 "
        "generations; than the preset: curriculum, 600 generations."
    )


@pytest.mark.slow
def test_a_smoke_runs_every_part_and_goes_on_where_it_stopped(tmp_path):
    options = e019.Options(smoke=True, runs_dir=tmp_path)
    e019.main(options)
    folder = tmp_path / "e019_plateau_smoke"
    before = (folder / "results.json").read_bytes()
    page = (folder / "report.md").read_text()
    for arm in ("preset", "curriculum", "MAP-Elites, chosen"):
        assert f"| {arm} |" in page
    e019.main(options)
    assert (folder / "results.json").read_bytes() == before
