"""The batch goes down before up, once an alert, never beyond its limits, and back."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from koki2.control import batch_size, microbatch_of, REASONS

GRAD, CLIP, CLOCK, VAL = 1, 2, 4, 8
RULE = {"microbatch": 4, "least": 8, "most": 24, "step": 4, "calm": 3}


def batches(alarms, batch=16, **rule):
    """Batches and reasons of the steps that follow."""
    init, step = batch_size(batch, **RULE | rule)
    _, made = jax.lax.scan(step, init(), jnp.array(alarms, jnp.int32))
    microbatch = (RULE | rule)["microbatch"]
    np.testing.assert_array_equal(made.microbatches * microbatch, made.batch)
    return made.batch.tolist(), [REASONS[i] for i in made.reason.tolist()]


def test_each_alert_has_its_direction_and_its_reason():
    assert batches([GRAD]) == ([12], ["cusum_grad"])
    assert batches([CLIP]) == ([20], ["cusum_clip"])
    assert batches([CLOCK], follows_clock=True) == ([12], ["cusum_tps"])
    assert batches([VAL]) == ([16], [""])


def test_down_beats_up_and_is_one_step():
    assert batches([GRAD | CLIP]) == ([12], ["cusum_grad"])
    both = batches([GRAD | CLIP | CLOCK], follows_clock=True)
    assert both == ([12], ["cusum_grad"])


def test_the_clock_steers_only_where_it_is_asked_to():
    calm = batches([GRAD, CLOCK, CLOCK, CLOCK])
    assert calm == batches([GRAD, 0, 0, 0])  # not even its calm is disturbed
    assert calm[0] == [12, 12, 12, 16]


def test_an_alert_acts_when_it_begins_and_again_when_it_has_been_over():
    sizes, reasons = batches([GRAD, GRAD, GRAD, 0, GRAD, GRAD | CLIP])
    assert sizes == [12, 12, 12, 12, 8, 12]
    assert reasons == ["cusum_grad", "", "", "", "cusum_grad", "cusum_clip"]


def test_it_stays_within_its_limits_and_then_gives_no_reason():
    down, up = [GRAD, 0] * 4, [CLIP, 0] * 4
    assert batches(down)[0] == [12, 12, 8, 8, 8, 8, 8, 8]
    assert batches(up)[0] == [20, 20, 24, 24, 24, 24, 24, 24]
    assert batches(up)[1][4:] == [""] * 4


def test_a_first_batch_beyond_the_limits_is_not_brought_within():
    assert batches([0, GRAD, 0, CLIP], batch=4)[0] == [4, 4, 4, 8]
    assert batches([0, CLIP, 0, GRAD], batch=32)[0] == [32, 32, 32, 28]


def test_calm_brings_it_back_a_step_at_a_time_and_no_further():
    sizes, reasons = batches([GRAD, 0, GRAD] + [0] * 10)
    assert sizes == [12, 12, 8, 8, 8, 12, 12, 12, 16, 16, 16, 16, 16]
    assert [i for i, reason in enumerate(reasons) if reason == "restore"] == [5, 8]
    assert batches([CLIP] + [0] * 3)[0] == [20, 20, 20, 16]
    assert batches([GRAD, 0, 0, VAL, 0, 0])[0] == [12] * 6


def test_sizes_that_are_no_whole_microbatches_are_refused():
    for wrong in ({"microbatch": 3}, {"step": 6}, {"least": 6}, {"most": 30}):
        with pytest.raises(ValueError, match="whole numbers of microbatches"):
            batch_size(16, **RULE | wrong)
    batch_size(4, **RULE | {"least": 6})  # which it never comes to


def test_a_microbatch_divides_batch_and_step():
    assert microbatch_of(10, None) == 10
    assert microbatch_of(10, 4) == 2
    for step, given in ((None, 3), (4, 4), (4, 0)):
        with pytest.raises(ValueError, match="microbatch must divide batch"):
            microbatch_of(10, step, given)
