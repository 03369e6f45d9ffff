"""The acceptance of stage 1: what passes, and what does not."""

import pytest

from experiments import acceptance, lab
from experiments.acceptance import beats, improvement, Options

GAP = {"mean": 2.0, "low": 1.0, "high": 3.0, "wins": 3, "seeds": 3, "p_flip": 0.25}


def test_it_asks_for_three_seeds_and_the_seeds_budget():
    with pytest.raises(ValueError, match=r"seeds must be three or more, got \(1, 1, 2"):
        Options(seeds=(1, 1, 2))
    (config,) = acceptance.study(Options()).arms.values()
    assert (config.search.pop_size, config.loop.generations) == (128, 200)
    assert (config.loop.episodes, config.env.num_bad_sources) == (8, 2)
    assert acceptance.study(Options()).episodes == 512
    assert lab.eval_seeds("acceptance") == (424242, 0)


def test_fitness_must_rise_on_every_seed():
    runs = [[{"best_fitness": first}, {"best_fitness": 5.0}] for first in (3.0, 4.0, 5)]
    assert improvement(runs[:2]).holds
    found = improvement(runs)
    assert not found.holds
    assert found.figures == "2 of 3 seeds; from 4.0 to 5.0, on average"


@pytest.mark.parametrize(
    "changes, holds",
    [({}, True), ({"wins": 2}, False), ({"p": 0.04, "p_holm": 0.08}, False)],
)
def test_random_must_be_beaten_on_every_seed_and_significantly(changes, holds):
    found = beats("best genome", GAP | {"p": 0.01, "p_holm": 0.02} | changes)
    assert found.holds == holds
    assert "; +2.0 [+1.0, +3.0], p .0" in found.figures


@pytest.mark.slow
def test_nursing_and_viability_change_no_shape():
    found = acceptance.stability()
    assert found.holds and "8 of 8 chunks" in found.figures
