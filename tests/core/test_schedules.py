"""Schedules by hand."""

import jax.numpy as jnp
import pytest

from koki2.core.schedules import phase, smoothstep


@pytest.mark.parametrize(
    "t, steps, phi", [(0, 128, 0.0), (127, 128, 1.0), (1, 5, 0.25), (0, 1, 0.0)]
)
def test_phase_runs_from_nought_to_one(t, steps, phi):
    assert float(phase(jnp.int32(t), steps)) == phi


@pytest.mark.parametrize(
    "phi, start, end, value",
    [
        (0.0, 0.25, 0.75, 2.0),  # flat before the start
        (0.25, 0.25, 0.75, 2.0),
        (0.375, 0.25, 0.75, 2.625),  # s = 1/4: 3/16 - 2/64 = 5/32 of 4 above 2
        (0.5, 0.25, 0.75, 4.0),  # half-way up
        (1.0, 0.25, 0.75, 6.0),  # flat behind the end
        (0.0, 0.5, 0.5, 6.0),  # end at the start: already there
        (0.0, 0.5, 0.2, 6.0),  # end before the start: already there
    ],
)
def test_smoothstep_from_two_to_six_by_hand(phi, start, end, value):
    assert float(smoothstep(jnp.float32(phi), 2.0, 6.0, start, end)) == value


def test_a_schedule_may_fall():
    assert float(smoothstep(jnp.float32(0.5), 3.0, 1.0, 0.0, 1.0)) == 2.0
