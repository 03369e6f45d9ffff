"""E018: its ranks, the sweep file that it writes, and its steps one after the other."""

import dataclasses
import json
import tomllib

import pytest

from experiments.e018_settings import __main__ as e018, ranking, report
from experiments.lab import sweeps
from koki2.envs import level_settings
from koki2.envs.registry import LEVELS
from koki2.session import sweep_file

LADDER = [name for name in LEVELS if not name.endswith("-seed")]
BOLD = {
    "search.strategy": "openai_es",
    "search.sigma": 0.3,
    "search.lr": 1.0,
    "agent.tau_m": 0.5,
}


def row(form, world, mean, best=0.0, seed=1):
    values = {"unseen_mean_fitness": mean, "unseen_best_fitness": best}
    return {"label": form, **BOLD, "world": world, "seed": seed, **values}


def test_the_score_is_the_better_genome_of_each_seed_and_the_mean_over_seeds():
    rows = [row("cells", "x", 3.0, 5.0), row("cells", "x", 4.0, 2.0, seed=2)]
    assert ranking.scores(rows) == {"bold, cells": {"x": 4.5}}


def test_ties_share_their_rank_and_what_lacks_a_level_is_left_out():
    found = {"a": {"x": 1.0}, "b": {"x": 1.0}, "c": {"x": 2.0}}
    assert [(r.name, r.mean_rank) for r in ranking.ranked(found)] == [
        ("c", 1.0),
        ("a", 2.5),
        ("b", 2.5),
    ]
    found["a"]["y"] = 0.0
    assert [r.name for r in ranking.ranked(found)] == ["a"]


def test_a_level_takes_the_combination_of_the_fittest_mean_genomes():
    rows = [row("cells", "x", 3.0), row("unit", "x", 2.0, best=9.0)]
    rows += [row("cells", "y", 1.0), row("unit", "y", 1.5), row("unit", "y", 1.0)]
    assert ranking.presets(rows) == {"x": "bold, cells", "y": "bold, unit"}


@pytest.fixture(scope="module")
def screen(tmp_path_factory):
    return e018.step_of(
        e018.Options(runs_dir=tmp_path_factory.mktemp("e018")), "screen"
    )


def test_the_screen_has_every_combination_on_six_levels(screen):
    assert len(screen.cells) == 5 * 8 * 6
    assert len(ranking.settings_of(screen)) == 40


def test_what_a_step_takes_is_said_before_it_starts(screen):
    few = screen._replace(cells=screen.cells[:2])
    assert "e018_screen: 2 of 2 cells are left, about" in sweeps.estimate(few, jobs=2)
    loop = dataclasses.replace(few.cells[0].config.loop, generations=100_000)
    config = dataclasses.replace(few.cells[0].config, loop=loop)
    long = few._replace(cells=[dataclasses.replace(few.cells[0], config=config)])
    with pytest.raises(ValueError, match="a cell must take at most 300 s, so that"):
        sweeps.estimate(long)


def test_the_screen_sets_all_that_a_level_sets(screen):
    """Its folders are named after its configs: they stay when levels get settings."""
    for cell in screen.cells:
        assert all(cell.provenance[f][:6] == "sweep:" for f in ranking.FIELDS)
    folders = {cell.folder for cell in screen.cells}
    assert "evo_01aee3e69a4d_seed1801" in folders  # one that was run


def test_the_second_step_is_a_sweep_file_that_leaves_nothing_to_levels(screen):
    names = ["bold, cells", "sep-CMA-ES, unit vector, deficits"]
    chosen = {name: ranking.settings_of(screen)[name] for name in names}
    text = ranking.levels_toml(chosen, LADDER, (7, 8), generations=200)
    plan = sweep_file.plan(tomllib.loads(text), where="levels.toml")
    assert len(plan.cells) == 2 * 17 * 2
    for cell in plan.cells:
        assert all(cell.provenance[f][:6] == "sweep:" for f in ranking.FIELDS)
    last = plan.cells[-1].config
    assert (last.search.strategy, last.senses.needs) == ("sep_cma_es", "deficit")
    assert last.loop.generations == 200


@pytest.mark.slow
def test_its_steps_go_from_screen_to_presets_and_page(fake, tmp_path, capsys):
    go = {"smoke": True, "runs_dir": tmp_path, "out": tmp_path / "e018"}
    e018.main(e018.Options(step="screen", **go))
    e018.main(e018.Options(step="choose", **go))
    e018.main(e018.Options(step="levels", **go))
    assert "levels_smoke: 8 of 8 cells are left" in capsys.readouterr().out
    e018.main(e018.Options(step="presets", report=True, **go))
    written = json.loads((go["out"] / "presets.json").read_text())
    assert list(written["levels"]) == LADDER[:1]
    combinations = written["combinations"]
    assert set(written["levels"].values()) == set(combinations)
    assert all("search" in groups for groups in combinations.values())
    page = (go["out"] / "report.md").read_text()
    assert page.count("| *competent* |") == 2 and (go["out"] / "screen.png").exists()
    results = json.loads((go["out"] / "results.json").read_text())
    assert len(results["screen"]["rows"]) == 4
    assert len(results["levels"]["rows"]) == 8
    report.write(tmp_path, results)
    assert (tmp_path / "report.md").read_text() == page


def test_levels_come_after_the_choice(tmp_path):
    with pytest.raises(SystemExit, match=r"levels.toml must be there: choose writes"):
        e018.main(e018.Options(step="levels", runs_dir=tmp_path, out=tmp_path))


def test_a_step_that_is_not_done_is_not_chosen_from(screen, tmp_path, monkeypatch):
    monkeypatch.setattr(e018, "step_of", lambda options, name: screen)
    with pytest.raises(SystemExit, match=r"240 cells of .* must be done, got 0"):
        e018.choose(e018.Options(runs_dir=tmp_path, out=tmp_path))


def test_levels_set_what_this_experiment_found_and_nothing_that_it_did_not_try():
    path = e018.HERE / "presets.json"
    if path.exists():
        found = json.loads(path.read_text())
        assert level_settings.COMBINATION_OF == found["levels"]
        assert level_settings.COMBINATIONS == found["combinations"]
    assert set(level_settings.LEVEL_SETTINGS) <= set(LADDER)  # none of seed 002's
    for groups in level_settings.COMBINATIONS.values():
        assert set(groups) <= set(level_settings.GROUPS)
        fields = {f"{group}.{name}" for group in groups for name in groups[group]}
        assert fields <= set(ranking.FIELDS)
