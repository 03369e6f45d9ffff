"""The page of the worlds: it says what the lives were, and is written again whole."""

import json

import numpy as np
import pytest

from koki2.envs.registry import find
from koki2.evolution.configs import FitnessConfig
from tools import worlds_baselines, worlds_page, worlds_table


def lives(*policies, **by_policy):
    """Two lives of each policy, by steps alive; who lives long has eaten."""
    made = {}
    for policy in (*policies, *by_policy):
        alive = np.array(by_policy.get(policy, [10.0, 10.0]))
        energy = 0.5 * (alive > 10)
        made[policy] = {
            "t_alive": alive,
            "energy_gained": energy,
            "success": np.ones(2),
            "integrity_lost": np.zeros(2),
            "event_step_frac": np.zeros(2),
            "fitness": alive + 10 * energy + 50,
        }
    return made


def record(spiral=(10.0, 10.0), competent=(10.0, 10.0)):
    blind = lives("stay", "sweep", spiral=list(spiral))
    scripted = lives(*worlds_baselines.SCRIPTED, competent=list(competent))
    return worlds_baselines.record(blind, scripted, FitnessConfig())


def evolved(**changed):
    """Three seeds that come to about 200, and to 100 without their smell."""
    entry = {
        "settings": "bold",
        "genome": "mean",
        "seeds": [5, 6, 7],
        "eval_seed": 9,
        "episodes": 512,
        "fitness": [199.0, 201.0, 200.0],
        "lesions": {"gradient": [90.0] * 3, "gradient@other": [101.0, 99.0, 100.0]},
        "best_blind": 150.0,
        "greedy": 120.0,
    }
    return entry | changed


def test_what_separates_policies_adds_up_to_their_difference():
    """31 and 33 steps against 10, half a unit of energy more, worth ten a unit.

    Of 26 and 28 the interval is 27 -+ 12.7, which is t of one degree of freedom; p is
    2 arctan(1 / 27) / pi = .0236, and three such count four times, as there are four.
    """
    text = worlds_page.separates(record(competent=(31.0, 33.0)))
    sure, parts = ", Holm .094 ", "22.0 steps alive"
    gain = f"+27.0 [14.3, 39.7]{sure}(+{parts}, +5.0 energy)"
    assert text.splitlines()[2:] == [
        "- greedy lives as stay does.",
        f"- competent - stay: {gain}",
        f"- competent - greedy: {gain}",
        f"- planner - competent: -27.0 [-39.7, -14.3]{sure}(-{parts}, -5.0 energy)",
    ]


def test_a_table_names_the_best_blind_policy_and_leaves_out_what_no_policy_has():
    head, _, *rows = worlds_page.table(record(spiral=(14.0, 14.0)))
    assert head == "| policy | mean fitness | steps alive | energy gained |"
    assert rows[0] == "| stay | 60.00 [60.0, 60.0] | 10.00 | 0.00 |"
    assert [row.split(" | ")[0] for row in rows] == [
        *("| stay", "| random", "| spiral (best blind)", "| sweep", "| greedy"),
        *("| competent", "| planner"),
    ]


def test_a_section_tells_what_the_module_and_the_level_say():
    found = worlds_page.section(find("obstacles-l1.2"), record())
    assert found.startswith("## obstacles-l1.2\n\n*Walls stand between the agent")
    assert "The gradient points straight at food, and walls stand in the way." in found
    assert "A map of 15x12 cells; 128 steps; to keep up: energy." in found
    assert "(worlds/obstacles-l1.2.gif)" in found


def test_a_level_of_the_seed_says_what_it_is_kept_for_and_has_no_film():
    found = worlds_page.section(find("chemotaxis-l0.2-seed"), record())
    assert "greedy 154.9092" in found and "sees nothing, comes to 60.0" in found
    assert ".gif" not in found and "What separates" not in found


def test_one_level_is_done_again_and_the_others_stay(tmp_path, monkeypatch):
    monkeypatch.setattr(worlds_baselines, "evaluate", lambda level: record((20, 20)))
    kept = {"obstacles-l1.2": record(), "chemotaxis-l0.1": record()}
    path = tmp_path / "worlds" / "baselines.json"
    worlds_baselines.write(path, kept)
    options = {"films": False, "out": tmp_path, "evolved": tmp_path / "none.json"}
    worlds_page.main(worlds_page.Options(levels=("obstacles-l1.2",), **options))
    now = worlds_baselines.read(path)
    assert now["chemotaxis-l0.1"] == kept["chemotaxis-l0.1"]
    assert list(now) == ["chemotaxis-l0.1", "obstacles-l1.2"]
    assert now["obstacles-l1.2"]["best_blind"] == "spiral"
    page = (tmp_path / "worlds.md").read_text()
    again = worlds_page.Options(levels=tuple(now), evaluate=False, **options)
    worlds_page.main(again)
    assert (tmp_path / "worlds.md").read_text() == page
    assert "[obstacles-l1.2](#obstacles-l12) | 60.0 | 75.0 (spiral) | 60.0" in page


def test_levels_in_which_nothing_was_evolved_say_so():
    records = {"obstacles-l1.2": record(), "chemotaxis-l0.2-seed": record()}
    *_, row, of_seed = worlds_table.table(records, {}).splitlines()
    assert row.endswith("| 60.0 (stay) | not yet | not yet | not yet |")
    assert of_seed.endswith("| 60.0 (stay) |  |  |  |")


def test_evolved_agents_stand_beside_themselves_under_the_mildest_lesion(tmp_path):
    """200 -+ 4.303 / sqrt(3); bold, as that is above 150 and 120 by far."""
    path = tmp_path / "evolved.json"
    path.write_text(json.dumps({"obstacles-l1.2": evolved()}))
    found = worlds_table.read_evolved(path)
    text = worlds_table.table({"obstacles-l1.2": record()}, found)
    row = "| 201.0 (evolved, seed 6) | **200.0** [197.5, 202.5] "
    assert row + "| 100.0 (gradient@other) | bold |" in text
    assert text.endswith("greedy: 1 of 1 levels.")


@pytest.mark.parametrize(
    "changed",
    [{"greedy": 199.0}, {"best_blind": 199.0}, {"fitness": [260.0, 140.0, 200.0]}],
)
def test_who_does_not_beat_both_for_sure_is_not_in_bold(changed):
    entry = evolved(**changed)
    fitness = tuple(entry.pop("fitness"))
    one = worlds_table.Evolved(**{**entry, "fitness": fitness})
    assert worlds_table.better({"obstacles-l1.2": one}) == set()


def test_agents_evolved_in_a_level_that_is_not_on_the_page_are_refused(tmp_path):
    path = tmp_path / "evolved.json"
    path.write_text(json.dumps({"ice-l9": evolved()}))
    with pytest.raises(ValueError, match="ice-l9"):
        worlds_table.table(
            {"obstacles-l1.2": record()}, worlds_table.read_evolved(path)
        )
    path.write_text(json.dumps({"ice-l9": {"lesions": {}}}))
    with pytest.raises(ValueError, match="'seeds' is missing"):
        worlds_table.read_evolved(path)


def test_better_counts_all_levels():
    """A gap of 4, spread .5, 3 seeds: p is .0052, enough for 2 contrasts, not 22."""
    sure = {"fitness": (1.5, 2.0, 2.5), "best_blind": -2.0, "greedy": -2.0}
    weak = {"fitness": (1.0, 2.0, 3.0), "best_blind": 0.0, "greedy": 0.0}
    make = lambda values: worlds_table.Evolved(**{**evolved(), **values})
    assert worlds_table.better({"a": make(sure)}) == {"a"}
    many = {name: make(weak) for name in "bcdefghijk"}
    assert worlds_table.better({"a": make(sure), **many}) == set()


@pytest.mark.parametrize(
    "changed, said",
    [
        ({"fitness": [1.0]}, "fitness must be 3 finite numbers"),
        ({"lesions": {"gradient": [1.0, 2.0, float("nan")]}}, "gradient must be 3"),
        ({"seeds": [5], "fitness": [1.0], "lesions": {}}, "two seeds or more"),
        ({"more": 1}, "unexpected keyword"),
    ],
)
def test_results_that_are_not_whole_are_refused(tmp_path, changed, said):
    path = tmp_path / "evolved.json"
    path.write_text(json.dumps({"obstacles-l1.2": evolved(**changed)}))
    with pytest.raises(ValueError, match=said):
        worlds_table.read_evolved(path)
