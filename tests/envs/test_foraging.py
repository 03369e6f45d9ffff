"""What worlds of several stores share, by hand."""

import jax.numpy as jnp
import numpy as np
import pytest

from koki2.envs import Care
from koki2.envs.foraging import lived, met, smell, worths


def floats(values):
    return [round(float(value), 6) for value in values]


def test_arriving_is_coming_from_elsewhere():
    source = jnp.array([[1, 1], [2, 1], [1, 1]])
    here, arrived = met(source, jnp.array([1, 1]), jnp.array([1, 1]))
    assert here.tolist() == [True, False, True] and not bool(jnp.any(arrived))
    here, arrived = met(source, jnp.array([1, 1]), jnp.array([2, 1]))
    assert here.tolist() == arrived.tolist() == [False, True, False]


def test_each_kind_smells_of_its_own_nearest_and_an_absent_one_of_nothing():
    source = jnp.array([[4, 0], [3, 2], [1, 1]])
    smelt = smell(source, jnp.array([2, 2]), (2, 0, 1), np.float32([4, 2]))
    assert smelt.tolist() == [0.25, 0.0, 0.0, 0.0, -0.25, -0.5]


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
    got = lived(jnp.float32(store), cost=0.125, gain=gain, loss=loss)
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
    assert floats(lived(jnp.float32(0.5), **given, care=care)) == [0.25, -0.375]
    assert floats(lived(jnp.float32(1.0), **given, care=care)) == [0.5625, -0.375]


def test_worth_is_the_fall_of_the_weighed_drive_against_waiting():
    """Waiting leaves (0.5, 0.75), whose drive is 4/16 + 1/16, the second weighed 4."""
    effect = jnp.array([[0.5, 0.0], [0.0, 0.5], [0.25, -0.25]])
    store, cost = jnp.array([0.75, 0.75]), jnp.array([0.25, 0.0])
    got = worths(store, cost=cost, effect=effect)
    assert got.tolist() == [4 / 16, 1 / 16, 3 / 16 - 3 / 16]
    weighed = worths(store, cost=cost, effect=effect, weights=jnp.array([1.0, 4.0]))
    assert weighed.tolist() == [4 / 16, 4 / 16, 3 / 16 - 12 / 16]
