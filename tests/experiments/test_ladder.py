"""The ladder's experiment: level by level, and in the form that its page reads."""

import json

import pytest

from experiments.ladder import __main__ as ladder, lives
from koki2.envs.registry import LEVELS, make
from koki2.evolution.lesions import lesion
from koki2.evolution.task import make_task
from tools import worlds_page, worlds_table

LEVEL = "chemotaxis-l0.1"


def entry(values, greedy):
    names = lives.lesions(LEVEL)
    return {
        "values": values,
        "lesions": {name: [float(i), 2.0 + i] for i, name in enumerate(names)},
        "best_blind": {"name": "stay", "mean": 1.0},
        "greedy": {"mean": greedy},
        "seeds": [7, 8],
        "eval_seed": 3,
        "episodes": 16,
        "settings": "bold",
    }


def test_p_is_corrected_for_all_differences_of_all_levels(tmp_path):
    found = lives.summary(
        {LEVEL: entry([5.0, 5.1], 4.9), "other": entry([2.0, 9.0], 9.0)}
    )
    gaps = [
        each[who]["difference"]
        for each in found.values()
        for who in ("best_blind", "greedy")
    ]
    assert min(gap["p_holm"] for gap in gaps) == 4 * min(gap["p"] for gap in gaps)
    assert found[LEVEL]["p_holm_blind"] == gaps[0]["p_holm"]
    assert found[LEVEL]["evolved"]["mean"] == pytest.approx(5.05)
    assert found[LEVEL]["lesion"] == {"name": "gradient@other", "mean": 2.0}  # mildest
    assert not lives.beaten(found[LEVEL])  # greedy is within the interval
    path = tmp_path / "evolved.json"
    path.write_text(json.dumps(lives.for_page({LEVEL: found[LEVEL]})))
    page = worlds_table.read_evolved(path)[LEVEL]
    assert page.fitness == (5.0, 5.1) and page.best_blind == 1.0


@pytest.mark.parametrize("level", lives.ASKED)
def test_levels_have_the_senses_that_they_ask_for(level):
    task = make_task(make(LEVELS[level].config))
    for name in lives.lesions(level):
        taken = lesion(task, name)
        assert bool(taken.zero.any()) != bool(taken.other.any())


def test_what_is_known_of_a_level_is_not_found_again(
    fake, tmp_path, monkeypatch, capsys
):
    options = ladder.Options(smoke=True, runs_dir=tmp_path)
    ladder.main(options)
    out = capsys.readouterr().out
    assert "4 of 4 cells are left" in out and "beaten on 2 of 2 levels" in out
    written = (tmp_path / "ladder_smoke" / "results.json").read_bytes()
    entries = json.loads(written)
    read = worlds_table.read_evolved(tmp_path / "ladder_smoke" / "evolved.json")
    assert read[LEVEL].seeds == (1900, 1901) and worlds_table.better(read) == set(read)
    assert list(entries) == list(ladder.LADDER[:2])
    assert (
        entries[LEVEL]["seeds"] == [1900, 1901] and entries[LEVEL]["eval_seed"] == 20001
    )
    monkeypatch.setattr(lives, "evaluate", None)  # a call would fail
    ladder.main(options)
    assert (tmp_path / "ladder_smoke" / "results.json").read_bytes() == written


def test_it_takes_levels_of_the_ladder_only():
    with pytest.raises(ValueError, match=r"levels must be of the ladder .* got sparse"):
        ladder.Options(levels=("sparse",))
    assert len(ladder.LADDER) == 17
    assert worlds_page.Options().evolved == ladder.HERE / "evolved.json"
