"""The guard of a step: clipping, spikes, and what is not finite."""

import dataclasses

import jax
import jax.numpy as jnp
import pytest

from koki2.training import first_guard, judge

NAN = float("nan")


def judged(norms, *, loss=1.0, grad_clip=1.0, spike_threshold=0.0, guard=None):
    """The verdicts of steps of these norms, and the guard after each."""
    found, guard = [], guard or first_guard()
    step = jax.jit(judge, static_argnames=("grad_clip", "spike_threshold"))
    for norm in norms:
        verdict, guard = step(
            guard,
            jnp.float32(loss),
            jnp.float32(norm),
            grad_clip=grad_clip,
            spike_threshold=spike_threshold,
        )
        found.append((verdict, guard))
    return found


def coefs(found):
    return [round(float(verdict.clip_coef), 6) for verdict, _ in found]


def test_the_clip_coefficient_is_one_up_to_the_clip_and_a_share_beyond():
    found = judged([0.0, 0.5, 1.0, 2.0, 4.0])
    assert coefs(found) == [1, 1, 1, 0.5, 0.25]
    assert [int(guard.clipped) for _, guard in found] == [0, 0, 0, 1, 2]


def test_it_is_one_when_clip_is_off_and_zero_when_the_step_is_skipped():
    assert coefs(judged([9.0, NAN, 9.0], grad_clip=0.0)) == [1, 0, 1]


def test_a_planted_spike_is_skipped_and_halves_the_rate_down_to_a_tenth():
    found = judged([1.0, 20.0, 20.0, 20.0, 20.0, 20.0], spike_threshold=10.0)
    assert [bool(verdict.is_taken) for verdict, _ in found] == [True] + 5 * [False]
    factors = [float(guard.factor) for _, guard in found]
    assert factors == pytest.approx([1, 0.5, 0.25, 0.125, 0.1, 0.1])
    assert int(found[-1][1].skipped) == 5


def test_the_whole_rate_is_given_back_after_200_clean_steps_and_not_before():
    (_, spiked), *_ = judged([20.0], spike_threshold=10.0)
    found = judged(200 * [1.0], spike_threshold=10.0, guard=spiked)
    assert [float(guard.factor) for _, guard in found[198:]] == [0.5, 1.0]


def test_a_spike_on_the_way_back_begins_the_count_anew():
    (_, spiked), *_ = judged([20.0], spike_threshold=10.0)
    found = judged(199 * [1.0] + [20.0, 1.0], spike_threshold=10.0, guard=spiked)
    assert float(found[-1][1].factor) == 0.25
    assert int(found[-1][1].clean) == 1


@pytest.mark.parametrize("norm", [NAN, float("inf")])
def test_what_is_not_finite_is_skipped_with_the_guard_off(norm):
    (verdict, guard), *_ = judged([norm])
    assert not verdict.is_taken and float(guard.factor) == 1.0
    (verdict, _), *_ = judged([1.0], loss=NAN)
    assert not verdict.is_taken


def test_fifty_in_a_row_that_are_not_finite_have_diverged_and_forty_nine_have_not():
    found = judged(49 * [NAN] + [1.0] + 50 * [NAN])
    diverged = [bool(guard.has_diverged) for _, guard in found]
    assert diverged.index(True) == len(found) - 1


def test_a_run_that_diverged_takes_no_further_step():
    gone = dataclasses.replace(first_guard(), has_diverged=jnp.bool_(True))
    (verdict, guard), *_ = judged([1.0], guard=gone)
    assert not verdict.is_taken and guard.has_diverged
