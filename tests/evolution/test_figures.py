"""Fitness and the other figures of an episode, on paper."""

import math

import jax.numpy as jnp
import numpy as np
import pytest

from koki2.evolution import report
from koki2.evolution.configs import FitnessConfig
from koki2.evolution.episode import EpisodeStats, LearningStats


def life(learning=None, **changes):
    """100 steps: 50 still, 25 left, 25 right; three meals, one harm, four events."""
    counts = dict(
        alive=False,
        t_alive=100,
        energy_gained=0.15,
        integrity_lost=0.25,
        integrity_min=0.75,
        bad_arrivals=1,
        success=True,
        actions=[50, 0, 0, 25, 25],
        events=4,
    )
    arrays = {name: jnp.asarray(x) for name, x in (counts | changes).items()}
    return EpisodeStats(**arrays, learning=learning)


@pytest.mark.parametrize(
    "knobs, expected",
    [
        ({}, 100 + 10 * 0.15 + 50),
        (dict(success_bonus=0.0), 101.5),
        (dict(fitness_alpha=0.5, fitness_beta=100.0), 50 + 15 + 50),
    ],
)
def test_fitness_is_time_and_food_and_a_bonus(knobs, expected):
    figures = report(FitnessConfig(**knobs), life())
    np.testing.assert_allclose(figures["fitness"], expected, rtol=1e-6)


def test_the_other_figures_by_hand():
    learning = LearningStats(
        abs_dw=jnp.float32(5.0),
        abs_dw_on_event=jnp.float32(2.0),
        abs_modulator=jnp.float32(20.0),
    )
    figures = report(FitnessConfig(), life(learning))
    expected = dict(
        success=1.0,
        t_alive=100.0,
        energy_gained=0.15,
        bad_arrivals=1.0,
        integrity_lost=0.25,
        integrity_min=0.75,
        action_entropy=1.5 * math.log(2),  # 1/2 at ln 2, twice 1/4 at 2 ln 2
        action_mode_frac=0.5,
        abs_dw_mean=0.05,  # 5 in 100 steps
        abs_modulator_mean=0.2,
        abs_dw_on_event=0.5,  # 2 in 4 events
        event_step_frac=0.04,
    )
    assert set(figures) == set(expected) | {"fitness"}
    for name, value in expected.items():
        np.testing.assert_allclose(figures[name], value, rtol=1e-6, err_msg=name)


def test_one_action_only_has_no_entropy_and_no_life_no_nan():
    still = report(FitnessConfig(), life(actions=[100, 0, 0, 0, 0]))
    assert float(still["action_entropy"]) == 0.0
    unborn = report(FitnessConfig(), life(t_alive=0, events=0, actions=[0] * 5))
    assert all(np.isfinite(value) for value in unborn.values())
