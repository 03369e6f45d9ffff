"""What a step does to a body, by hand."""

import dataclasses

import chex
import jax.numpy as jnp
import pytest
from jaxtyping import Array, Float, Int

from koki2.envs import Care
from koki2.envs.body import arrivals, drive_reduction, Effects, live, update_stores
from koki2.envs.grid import Map


def floats(values):
    return [round(float(value), 6) for value in values]


def test_arriving_is_coming_from_elsewhere():
    source = jnp.array([[1, 1], [2, 1], [1, 1]])
    here, arrived = arrivals(source, jnp.array([1, 1]), jnp.array([1, 1]))
    assert here.tolist() == [True, False, True] and not bool(jnp.any(arrived))
    here, arrived = arrivals(source, jnp.array([1, 1]), jnp.array([2, 1]))
    assert here.tolist() == arrived.tolist() == [False, True, False]
    gone = jnp.zeros(3, bool)
    assert not jnp.any(jnp.stack(arrivals(source, source[0], source[1], gone)))


def test_each_kind_has_a_gradient_to_its_own_nearest_and_an_absent_one_has_none():
    source = jnp.array([[4, 0], [3, 2], [1, 1]])
    observed = Map(5, 3).source_gradients(source, jnp.array([2, 2]), (2, 0, 1))
    assert observed.tolist() == [0.25, 0.0, 0.0, 0.0, -0.25, -0.5]


@pytest.mark.parametrize(
    "store, gain, loss, after, came",
    [
        (0.5, 0.25, 0.0, 0.625, 0.25),
        (0.875, 0.5, 0.0, 1.0, 0.25),  # 0.75 is left, and a quarter goes in
        (0.5, 0.0, 0.25, 0.125, -0.25),
        (0.5, 0.0, 0.5, 0.0, -0.5),
        (0.0625, 0.25, 0.0, 0.1875, 0.25),  # food in time
    ],
)
def test_a_store_spends_an_eighth_and_takes_what_it_has_room_for(
    store, gain, loss, after, came
):
    got = update_stores(jnp.float32(store), cost=0.125, gain=gain, loss=loss)
    assert floats(got) == [after, came]


def test_care_scales_cost_gain_and_loss_and_holds_a_buffer():
    """0.5 - 0.125 / 2 + 2 * 0.0625 - 4 * 0.125 = 0.0625, held at 0.25."""
    care = Care(
        metabolism=jnp.float32(0.5),
        buffer=jnp.float32(0.25),
        richness=jnp.float32(2.0),
        hazard=jnp.float32(4.0),
    )
    given = dict(cost=0.125, gain=0.0625, loss=0.125)
    assert floats(update_stores(jnp.float32(0.5), **given, care=care)) == [0.25, -0.375]
    assert floats(update_stores(jnp.float32(1.0), **given, care=care)) == [
        0.5625,
        -0.375,
    ]


def test_worth_is_the_fall_of_the_weighed_drive_against_waiting():
    """Waiting leaves (0.5, 0.75), whose drive is 4/16 + 1/16, the second weighed 4."""
    effect = jnp.array([[0.5, 0.0], [0.0, 0.5], [0.25, -0.25]])
    store, cost = jnp.array([0.75, 0.75]), jnp.array([0.25, 0.0])
    got = drive_reduction(store, cost=cost, effect=effect)
    assert got.tolist() == [4 / 16, 1 / 16, 3 / 16 - 3 / 16]
    weighed = drive_reduction(
        store, cost=cost, effect=effect, weights=jnp.array([1.0, 4.0])
    )
    assert weighed.tolist() == [4 / 16, 4 / 16, 3 / 16 - 12 / 16]


@chex.dataclass(frozen=True, kw_only=True)
class Being:
    t: Int[Array, ""]
    energy: Float[Array, ""]
    integrity: Float[Array, ""]


def test_a_step_of_a_body_under_care_and_what_it_reports():
    """Energy 0.75 - 0.125 / 2 + 2 * 0.25 is full, integrity 1 - 4 * 0.125 a half; the
    drive was 1/16 and is 1/4. There was room for 0.3125 of the meal.
    """
    being = Being(t=jnp.int32(8), energy=jnp.float32(0.75), integrity=jnp.float32(1.0))
    care = Care(
        metabolism=jnp.float32(0.5),
        buffer=jnp.float32(0.25),
        richness=jnp.float32(2.0),
        hazard=jnp.float32(4.0),
    )
    for absorbs, gained in ((False, 0.5), (True, 0.3125)):
        after, feedback = live(
            being,
            Effects(
                cost=0.125,
                gain=jnp.float32(0.25),
                loss=jnp.float32(0.125),
                reached=jnp.array(True),
                bad_arrivals=1,
                absorbs=absorbs,
            ),
            steps=9,
            care=care,
        )
        body = feedback.body
        assert floats([after.energy, after.integrity, after.t]) == [1.0, 0.5, 9]
        assert floats([body.energy_gained, body.integrity_lost]) == [gained, 0.5]
        assert float(feedback.reward) == float(body.drive_fall) == 1 / 16 - 1 / 4
        assert not bool(feedback.terminated) and bool(feedback.truncated)
    spent = dataclasses.replace(being, energy=jnp.float32(0.125))
    step = Effects(cost=0.125, gain=jnp.float32(0.0), reached=jnp.array(False))
    assert bool(live(spent, step, steps=99)[1].terminated)
    held, feedback = live(spent, step, steps=99, care=care)
    assert float(held.energy) == 0.25 and not bool(feedback.terminated)
