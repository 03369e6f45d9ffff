"""Monitors of noise: few false alarms, and shifts found, as the defaults promise."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from koki2.measures import calibrate, ChangePointConfig, run_lengths

OURS = ChangePointConfig()


@pytest.fixture(scope="module")
def rows():
    found = calibrate(
        jax.random.key(1),
        slacks=(0.5, OURS.slack),
        thresholds=(4.0, OURS.threshold),
        windows=(10, OURS.window),
        streams=48,
        steps=8_000,
    )
    return {(row.slack, row.threshold, row.window): row for row in found}


def test_the_defaults_alarm_at_nothing_once_in_10_000_and_find_two_sigma_in_20(rows):
    row = rows[OURS.slack, OURS.threshold, OURS.window]
    assert row.every >= 20_000 and row.found >= 0.95 and row.delay < 10
    assert row.is_met


def test_a_monitor_of_validations_has_a_short_window_and_is_still_calm(rows):
    row = rows[OURS.slack, OURS.threshold, 10]
    assert row.median > 1_000  # validations: more than a training has
    assert row.found >= 0.9


def test_more_threshold_more_calm_and_more_delay(rows):
    for slack, window in ((0.5, 10), (0.5, 50), (OURS.slack, 50)):
        low, high = (rows[slack, h, window] for h in (4.0, OURS.threshold))
        assert low.every < high.every / 3 and low.delay < high.delay
        assert not low.is_met


def test_the_seeds_own_test_has_a_false_alarm_within_some_twenty_steps():
    (row,) = calibrate(
        jax.random.key(2),
        slacks=(0.0,),
        thresholds=(4.0,),
        windows=(10,),
        streams=64,
        steps=1_000,
        sides="upper",
        whiten=False,
    )
    assert 8 <= row.median <= 30
    assert not row.is_met


def test_a_shift_that_cannot_be_missed_is_found_with_its_first_value():
    """Four sigma at most a value, of a threshold of 3 and a slack of 0.5."""
    lengths = run_lengths(
        jax.random.split(jax.random.key(0), 4),
        jnp.array([50]),
        jnp.array([0.5]),
        jnp.array([3.0, 1e6]),
        jnp.float32(1e6),
        steps=160,
    )
    lengths = np.asarray(lengths)[0, 0]
    assert lengths[:, 0].max() <= 101 and (lengths[:, 0] > 0).all()
    assert not lengths[:, 1].any()
