"""Changes that must be found, calm that must not be disturbed, and a twin in NumPy."""

import functools

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from cusum_by_hand import readings

from koki2.measures import (
    alert_reason,
    change_point,
    ChangePointConfig,
    Limits,
    monitors,
    SIGNALS,
    unknown,
)

SEED = {"slack": 0.0, "threshold": 4.0, "window": 10}
SEEDS_TEST = {"sides": "upper", "rebase": False, "whiten": False}
OURS = {"slack": 0.75, "threshold": 8.0, "window": 50}
LINES = {"sides": "both", "rebase": True, "whiten": True}


def limits(slack, threshold, window, floor=1e-3, harm=1.0):
    numbers = (slack, threshold, floor, harm)
    slack, threshold, floor, harm = (jnp.float32(x) for x in numbers)
    return Limits(
        slack=slack,
        threshold=threshold,
        window=jnp.int32(window),
        floor=floor,
        harm=harm,
    )


@functools.partial(jax.jit, static_argnames=("sides", "rebase", "whiten"))
def readings_of(limits, values, **how):
    take = lambda regime, x: change_point(limits, regime, x, **how)
    return jax.lax.scan(take, unknown(), values)


def noise(count, seed=0):
    return np.random.default_rng(seed).standard_normal(count).astype(np.float32)


def related(count, r):
    """A first-order autoregression of variance 1."""
    x = noise(count, 3)
    for i in range(1, count):
        x[i] = r * x[i - 1] + np.sqrt(1 - r**2) * x[i]
    return x


def with_shift(size):
    x = noise(300, 1)
    x[200:] += size
    x[[120, 220]] = np.nan, np.inf
    return x


SIGNALS_OF_TESTS = {
    "noise": noise(300),
    "up": with_shift(3),
    "down": with_shift(-3),
    "a trend and memory": related(300, 0.6) + 0.03 * np.arange(300, dtype=np.float32),
    "one far out": np.where(np.arange(300) == 150, np.float32(1e4), noise(300, 2)),
    "constant": np.full(300, 0.25, np.float32),
}


@pytest.mark.parametrize("name", SIGNALS_OF_TESTS)
@pytest.mark.parametrize("is_seeds", [True, False], ids=["the seed's", "ours"])
def test_it_says_what_its_twin_says(name, is_seeds):
    numbers, how = (SEED, SEEDS_TEST) if is_seeds else (OURS, LINES)
    values = SIGNALS_OF_TESTS[name]
    for harm in (1.0, -1.0):
        facts = numbers | {"floor": 1e-3, "harm": harm}
        _, said = readings_of(limits(**facts), jnp.array(values), **how)
        s, alarms, turned = readings(values, **facts, **how)
        np.testing.assert_allclose(said.harmful, s, rtol=2e-3, atol=2e-3)
        np.testing.assert_array_equal(said.alarm, alarms)
        np.testing.assert_array_equal(said.turned, turned)


def test_s_is_a_sum_of_deviations_less_the_slack():
    """Window 1, 3: level 2, sigma 1. Then 3 - 1/2, 2 - 1/2, and -9 to 0."""
    how = SEEDS_TEST
    values = jnp.array([1.0, 3.0, 5.0, 4.0, -7.0])
    _, said = readings_of(limits(0.5, 3.9, 2), values, **how)
    assert said.harmful.tolist() == [0, 0, 2.5, 4, 0]
    assert said.alarm.tolist() == [False, False, False, True, False]
    assert not said.turned.any()


def test_the_side_that_does_not_harm_begins_a_new_baseline_and_raises_no_alarm():
    """Throughput: a rise is a new regime, a fall an alarm."""
    for shift, is_alarm in ((5.0, False), (-5.0, True)):
        values = jnp.array(np.append(noise(100, 5), noise(60, 6) + shift))
        _, said = readings_of(limits(**OURS, harm=-1.0), values, **LINES)
        (at,) = np.flatnonzero(said.turned)
        assert 100 <= at < 105
        assert said.alarm.any() == is_alarm and said.alarm[at] == is_alarm
        assert not said.harmful[at + 1 : at + 51].any()  # while the window fills


def test_a_value_that_is_not_finite_is_an_alarm_and_is_forgotten():
    values = noise(120, 7)
    plain, said = readings_of(limits(**OURS), jnp.array(values), **LINES)
    for at, bad in ((3, np.nan), (80, np.inf), (90, -np.inf)):
        marred = jnp.array(np.insert(values, at, bad))
        regime, heard = readings_of(limits(**OURS), marred, **LINES)
        assert np.flatnonzero(heard.alarm).tolist() == [at]
        chex.assert_trees_all_equal(regime, plain)
        np.testing.assert_array_equal(np.delete(heard.harmful, at), said.harmful)
        assert heard.harmful[at] == heard.harmful[at - 1]


def test_memory_is_no_change():
    """A signal with lag-1 correlation .8 has runs like shifts; whitened it has not."""
    values = related(3000, 0.8)
    x = jnp.array(values)
    without = readings(
        values, **OURS, floor=1e-3, harm=1, sides="both", rebase=True, whiten=False
    )
    _, said = readings_of(limits(**OURS), x, **LINES)
    assert without[1].sum() > 10 and said.alarm.sum() <= 1


def test_slow_drift_is_no_change_and_a_step_of_the_same_size_is():
    x, time = noise(1000, 8), np.arange(1000, dtype=np.float32)
    _, drift = readings_of(limits(**OURS), jnp.array(x + 0.005 * time), **LINES)
    _, step = readings_of(limits(**OURS), jnp.array(x + 5 * (time > 500)), **LINES)
    assert not drift.alarm.any() and step.alarm.sum() == 1


def test_one_outlier_is_no_regime():
    x = noise(500, 9)
    x[300] = 1e6
    _, said = readings_of(limits(**OURS), jnp.array(x), **LINES)
    assert not said.alarm.any()


def test_sides_have_two_names():
    with pytest.raises(ValueError, match="both or upper, got 'lower'"):
        readings_of(
            limits(**OURS), jnp.zeros(2), sides="lower", rebase=True, whiten=True
        )
    with pytest.raises(ValueError, match="window must be >= 4"):
        ChangePointConfig(window=3)


def lines_of_training(steps):
    """Gradient norm, share clipped, tokens per second, validation loss: all is calm."""
    log = 0.1 * noise((4, steps), 11)
    return np.stack([np.exp(log[0]), 0 * log[1], 900 * np.exp(log[2]), 2 + log[3] / 10])


@pytest.fixture(scope="module")
def watch():
    init, step = monitors(ChangePointConfig())
    take = lambda state, x: step(state, *x)

    def watch(values, due=None):
        due = np.ones(values.shape, bool) if due is None else due
        values = jnp.array(values.T, jnp.float32)
        return jax.lax.scan(take, init(), (values, jnp.array(due.T)))

    return watch


def test_bits_of_several_alarms_at_once_add_up(watch):
    values = lines_of_training(80)
    values[0, 60:] *= 5
    values[1, 60:] = 0.4
    values[2, 60:] /= 2
    values[3, 60:] += 1
    _, alerts = watch(values)
    assert set(alerts.alarms[:60].tolist()) == {0}
    assert 0x0F in alerts.alarms.tolist()  # each counts four sigma a step


def test_a_faster_step_is_a_new_regime_and_no_alarm(watch):
    values = lines_of_training(80)
    values[0, 60:] /= 5
    values[2, 60:] *= 2
    _, alerts = watch(values)
    assert not alerts.alarms.any()
    assert np.bitwise_or.reduce(np.array(alerts.turned)) == 0x05


def test_a_signal_that_is_not_there_keeps_its_state(watch):
    values = lines_of_training(80)
    due = np.ones(values.shape, bool)
    due[3] = np.arange(80) % 8 == 0
    state, _ = watch(values, due)
    assert state.regimes.count.tolist() == [80, 80, 80, 10]
    assert state.best == np.float32(values[3, ::8].min())
    values[3, ~due[3]] = np.nan
    again, alerts = watch(values, due)
    chex.assert_trees_all_equal(again, state)
    assert not alerts.alarms.any()


def test_a_norm_of_zero_is_a_number(watch):
    values = lines_of_training(80)
    values[0, 70] = 0.0
    assert not watch(values)[1].alarms.any()


def test_reasons_name_the_signals():
    assert alert_reason(0) == ""
    for bit, name in zip((1, 2, 4, 8), SIGNALS, strict=True):
        assert alert_reason(bit).startswith(f"{name}: ")
    assert alert_reason(15).count(";") == 3
