"""What is sensed in chemotaxis: the gradient, what spoils it, and how it ripens."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from chemotaxis_by_hand import (
    being,
    FAR,
    floats,
    RIGHT,
    STAY,
    walk,
)

from koki2.envs import chemotaxis, ChemotaxisConfig


def sense(state, action=STAY, seed=0, **knobs):
    _, (observation,), _ = walk([action], state, seed, **knobs)
    return floats(observation)


def test_the_gradient_is_the_offset_in_worlds():
    """(6, 1) from (4, 2) is 2 of 8 steps east and 1 of 4 steps north."""
    assert sense(being((4, 2), [(6, 1), FAR])) == [0.25, -0.25, 0.5, 1.0]


def test_in_one_dimension_there_is_no_second_component():
    flat = being((3, 0), [(5, 0), (8, 0)])
    assert sense(flat, height=1)[:2] == [0.25, 0.0]


def test_it_is_sensed_from_where_the_step_led():
    assert sense(being((4, 2), [(6, 2), FAR]), RIGHT)[:2] == [0.125, 0.0]


@pytest.mark.parametrize(
    "sources, gradient",
    [
        ([(8, 2), (4, 4)], [0.0, 0.5]),  # 2 cells away is nearer than 4
        ([(6, 4), (7, 2)], [0.25, 0.5]),  # 4 + 4 is nearer than 9
        ([(5, 2), (3, 2)], [0.125, 0.0]),  # the first of two as near
        ([(3, 2), (5, 2)], [-0.125, 0.0]),
        ([(4, 2), (5, 2)], [0.0, 0.0]),  # on one: it points nowhere
    ],
)
def test_the_nearest_source_is_sensed(sources, gradient):
    assert sense(being((4, 2), sources))[:2] == gradient


def test_good_and_bad_smell_alike_unless_the_cue_is_good_only():
    near_bad = being((4, 2), [(5, 2), (2, 2)], bad=(True, False))
    assert sense(near_bad)[:2] == [0.125, 0.0]
    assert sense(near_bad, good_only_gradient=True)[:2] == [-0.25, 0.0]


@pytest.mark.parametrize("gain", [1.0, 0.5, 0.0])
def test_what_harms_may_smell_of_its_own(gain):
    """A harmful source one of 8 steps east, a good one 2 west: at 0 the channels are
    there and silent."""
    near_bad = being((4, 2), [(5, 2), (2, 2)], bad=(True, False))
    sensed = sense(near_bad, hazard_smell=gain)
    assert sensed == [0.125, 0.0, 0.5, 1.0, gain * 0.125, 0.0]
    env = chemotaxis(ChemotaxisConfig(hazard_smell=gain))
    assert env.observation_size == 6 and env.senses[-1].name == "hazard"
    gone = being((4, 2), [(5, 2), (2, 2)], bad=(True, False), respawn=(3, 0))
    assert sense(gone, hazard_smell=gain, deplete_sources=True)[4:] == [0.0, 0.0]


@pytest.mark.parametrize(
    "respawn, knobs", [((3, 3), {}), ((0, 3), dict(good_only_gradient=True))]
)
def test_with_nothing_to_sense_the_gradient_is_zero(respawn, knobs):
    gone = being((4, 2), [(5, 2), (2, 2)], bad=(True, False), respawn=respawn)
    assert sense(gone, deplete_sources=True, **knobs)[:2] == [0.0, 0.0]


def test_quantise_comes_before_gain():
    """3/8 in 4 bins is round(1.5) / 4 = 2/4, doubled 1; the other way 3/4 stays."""
    knobs = dict(grad_bins_max=4.0, grad_gain_max=2.0)
    assert sense(being((4, 2), [(7, 2), FAR]), **knobs)[:2] == [1.0, 0.0]


@pytest.mark.parametrize(
    "bins, gradient", [(4.0, 0.5), (5.0, 0.4), (2.5, 0.4), (0.0, 0.375)]
)
def test_bins_need_not_be_whole_and_none_is_exact(bins, gradient):
    """3/8 = 0.375: 1.5 rounds to even 2, 1.875 to 2, 0.9375 to 1."""
    state = being((4, 2), [(7, 2), FAR])
    assert sense(state, grad_bins_max=bins, grad_gain_max=1.0)[0] == gradient


def test_dropout_comes_before_noise_and_hits_both_channels():
    """All is dropped, so what is left of the gradient is the noise of its channels."""
    state = being((4, 2), [(7, 4), FAR])
    with_noise = dict(grad_dropout_p=1.0, obs_noise=0.125)
    assert sense(state, grad_dropout_p=1.0) == [0.0, 0.0, 0.5, 1.0]
    (key,) = jax.random.split(jax.random.key(3), 1)
    key_noise = jax.random.split(jax.random.split(key, 3)[2])[1]
    noise = 0.125 * jax.random.normal(key_noise, (4,))
    seen = sense(state, seed=3, **with_noise)
    np.testing.assert_allclose(seen, noise + jnp.array([0, 0, 0.5, 1.0]), atol=1e-6)


def test_dropout_is_one_draw_for_both_channels():
    seen = [
        sense(being((4, 2), [(7, 4), FAR]), seed=s, grad_dropout_p=0.5)[:2]
        for s in range(12)
    ]
    drawn = []
    for seed in range(12):
        (key,) = jax.random.split(jax.random.key(seed), 1)
        key_dropout = jax.random.split(jax.random.split(key, 3)[2])[0]
        drawn.append(bool(jax.random.bernoulli(key_dropout, 0.5)))
    assert seen == [[0.0, 0.0] if d else [0.375, 0.5] for d in drawn]
    assert 0 < sum(drawn) < 12


@pytest.mark.parametrize(
    "start, end, gains",
    [
        (0.0, 1.0, [0.5, 1.0]),  # half-way at t = 1 of 0, 1, 2
        (0.0, 0.5, [1.0, 1.0]),
        (0.5, 1.0, [0.0, 1.0]),
        (0.0, 0.0, [1.0, 1.0]),  # the end at the start: mature from birth
        (0.9, 0.1, [1.0, 1.0]),
    ],
)
def test_the_gain_ripens_with_the_phase_of_life(start, end, gains):
    knobs = dict(steps=3, grad_gain_min=0.0)
    knobs |= dict(grad_gain_start_phi=start, grad_gain_end_phi=end)
    _, seen, _ = walk([STAY, STAY], being((4, 2), [FAR, FAR]), **knobs)
    assert floats(o[0] for o in seen) == [0.5 * gain for gain in gains]


def test_the_first_observation_is_of_phase_nought(key):
    config = ChemotaxisConfig(grad_gain_min=0.0, grad_gain_end_phi=1.0)
    _, observation = chemotaxis(config).init(key)
    assert floats(observation) == [0.0, 0.0, 1.0, 1.0]
