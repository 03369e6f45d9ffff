"""Chemotaxis, by hand: bodies and sources, in numbers a reader can check on paper."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from battery import equations
from chemotaxis_by_hand import (
    being,
    DOWN,
    FAR,
    floats,
    HARM,
    LEFT,
    RIGHT,
    STAY,
    UP,
    walk,
    WORLD,
)

from koki2.envs import chemotaxis, ChemotaxisConfig

# --- moving ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "action, cell",
    [(STAY, (4, 2)), (UP, (4, 1)), (DOWN, (4, 3)), (LEFT, (3, 2)), (RIGHT, (5, 2))],
)
def test_an_action_moves_one_cell(action, cell):
    (state,), _, _ = walk([action], being((4, 2), [FAR, FAR]))
    assert tuple(state.position.tolist()) == cell


@pytest.mark.parametrize(
    "cell, action", [((0, 0), LEFT), ((0, 0), UP), ((8, 4), RIGHT), ((8, 4), DOWN)]
)
def test_walls_hold(cell, action):
    (state,), _, _ = walk([action], being(cell, [(4, 2), (4, 2)]))
    assert tuple(state.position.tolist()) == cell


@pytest.mark.parametrize(
    "size, start", [((64, 1), (32, 0)), ((9, 4), (4, 2)), ((2, 1), (1, 0))]
)
def test_a_life_starts_in_the_middle_full_and_whole(key, size, start):
    config = ChemotaxisConfig(width=size[0], height=size[1])
    state, observation = chemotaxis(config).init(key)
    assert tuple(state.position.tolist()) == start
    assert floats(observation[2:]) == [1.0, 1.0] and int(state.t) == 0


# --- eating ---------------------------------------------------------------------------


def test_arriving_pays_once_and_again_on_coming_back():
    """East onto the source, wait on it, east off it, west onto it again."""
    actions = [RIGHT, STAY, RIGHT, LEFT]
    states, _, feedback = walk(actions, being((4, 2), [(5, 2), FAR]))
    assert floats(f.body.energy_gained for f in feedback) == [0.05, 0.0, 0.0, 0.05]
    assert floats(s.energy for s in states) == [0.55, 0.55, 0.55, 0.6]
    assert [bool(f.body.reached) for f in feedback] == [True, True, False, True]


@pytest.mark.parametrize("action", [STAY, LEFT])  # the wall is west
def test_standing_there_at_birth_is_reached_but_not_arrived(action):
    _, _, (feedback,) = walk([action], being((0, 0), [(0, 0), FAR]))
    assert bool(feedback.body.reached) and float(feedback.body.energy_gained) == 0.0


def test_two_good_sources_in_one_cell_pay_twice():
    (state,), _, (feedback,) = walk([RIGHT], being((4, 2), [(5, 2), (5, 2)]))
    assert floats([feedback.body.energy_gained, state.energy]) == [0.1, 0.6]


def test_a_full_store_takes_no_more_but_the_gain_still_counts():
    fed = being((4, 2), [(5, 2), FAR], energy=1.0)
    (state,), _, (feedback,) = walk([RIGHT], fed)
    assert floats([feedback.body.energy_gained, state.energy]) == [0.05, 1.0]


def test_good_and_bad_in_one_cell_feed_and_harm():
    both = being((4, 2), [(5, 2), (5, 2)], bad=(False, True))
    (state,), _, (feedback,) = walk([RIGHT], both, **HARM)
    assert floats([feedback.body.energy_gained, feedback.body.integrity_lost]) == [
        0.05,
        0.25,
    ]
    assert float(state.integrity) == 0.75 and int(feedback.body.bad_arrivals) == 1


def test_a_bad_source_is_never_reached():
    _, _, (feedback,) = walk([RIGHT], being((4, 2), [(5, 2), FAR], bad=(True, False)))
    assert not bool(feedback.body.reached) and float(feedback.body.energy_gained) == 0.0


def test_the_drive_is_the_squared_distance_from_full():
    """(0.5 - 1)^2 + 0 before, (0.55 - 1)^2 + (0.75 - 1)^2 = 0.2025 + 0.0625 after."""
    both = being((4, 2), [(5, 2), (5, 2)], bad=(False, True))
    _, _, (feedback,) = walk([RIGHT], both, **HARM)
    assert floats([feedback.body.drive_fall]) == [round(0.25 - 0.265, 6)]


# --- dying ----------------------------------------------------------------------------


def test_the_fourth_harm_of_a_quarter_kills():
    actions = [RIGHT, LEFT] * 4
    bad = being((4, 2), [(5, 2), FAR], bad=(True, False))
    states, _, feedback = walk(actions, bad, **HARM)
    assert floats(s.integrity for s in states)[::2] == [0.75, 0.5, 0.25, 0.0]
    assert [bool(f.terminated) for f in feedback] == [False] * 6 + [True, True]
    assert sum(int(f.body.bad_arrivals) for f in feedback) == 4


def test_starving_terminates_and_the_clock_truncates():
    hungry = being((4, 2), [FAR, FAR], energy=1.0, t=4)
    states, _, feedback = walk([STAY] * 4, hungry, energy_decay=0.375)
    assert floats(s.energy for s in states) == [0.625, 0.25, 0.0, 0.0]
    assert [bool(f.terminated) for f in feedback] == [False, False, True, True]
    assert [bool(f.truncated) for f in feedback] == [False, False, False, True]


def test_the_clock_alone_does_not_kill():
    _, _, (feedback,) = walk([STAY], being((4, 2), [FAR, FAR], t=7))
    assert bool(feedback.truncated) and not bool(feedback.terminated)


def test_by_default_energy_lasts_exactly_as_long_as_the_clock():
    """1 / 128 a step, which is exact: none starves before the end."""
    config = ChemotaxisConfig()
    assert config.resolved().energy_decay == 1 / 128
    state = being((4, 2), [FAR, FAR], energy=2 / 128, t=126)
    states, _, feedback = walk([STAY] * 2, state, steps=128, energy_decay="auto")
    assert floats(s.energy for s in states) == [round(1 / 128, 6), 0.0]
    assert [bool(f.terminated) for f in feedback] == [False, True]
    assert [bool(f.truncated) for f in feedback] == [False, True]


def test_a_life_may_end_on_reaching_a_good_source():
    bad_then_good = being((4, 2), [(5, 2), (6, 2)], bad=(True, False))
    _, _, feedback = walk(
        [RIGHT, RIGHT], bad_then_good, terminate_on_reach=True, **HARM
    )
    assert [bool(f.terminated) for f in feedback] == [False, True]


# --- sources that go and come ---------------------------------------------------------


def fresh_places(key):
    """Where sources would come back at a step: a word each for x and y, scaled."""
    words = jax.random.bits(jax.random.split(key, 3)[1], (2, 2)).tolist()
    return [[x * 9 >> 32, y * 5 >> 32] for x, y in words]


def test_without_delay_a_source_comes_back_at_once_elsewhere():
    state = being((4, 2), [(5, 2), FAR], respawn=(0, 0))
    (after,), _, (feedback,) = walk([RIGHT], state, deplete_sources=True)
    (key,) = jax.random.split(jax.random.key(0), 1)
    assert floats([feedback.body.energy_gained]) == [0.05] and bool(
        feedback.body.reached
    )
    assert after.respawn.tolist() == [0, 0]
    assert after.source.tolist() == [fresh_places(key)[0], [*FAR]]


def test_with_a_delay_of_four_it_is_away_for_four_observations():
    state = being((4, 2), [(5, 2), FAR], respawn=(0, 0))
    knobs = dict(deplete_sources=True, respawn_delay=4)
    states, seen, feedback = walk([RIGHT, STAY, LEFT, RIGHT, STAY], state, **knobs)
    assert [s.respawn.tolist()[0] for s in states] == [4, 3, 2, 1, 0]
    assert floats(f.body.energy_gained for f in feedback) == [0.05, 0.0, 0.0, 0.0, 0.0]
    assert floats(o[0] for o in seen[:4]) == [0.375, 0.375, 0.5, 0.375]  # the far one
    assert all(s.source.tolist() == [[5, 2], [*FAR]] for s in states[:4])
    *_, key = jax.random.split(jax.random.key(0), 5)
    assert states[4].source.tolist() == [fresh_places(key)[0], [*FAR]]


def test_bad_sources_may_have_a_delay_of_their_own():
    state = being((4, 2), [(5, 2), (5, 2)], bad=(True, False), respawn=(0, 0))
    knobs = HARM | dict(deplete_sources=True, respawn_delay=3)
    states, _, _ = walk([RIGHT], state, **knobs)
    assert states[0].respawn.tolist() == [3, 3]
    knobs |= dict(bad_source_respawn_delay=1)
    states, _, _ = walk([RIGHT, STAY, STAY], state, **knobs)
    assert [s.respawn.tolist() for s in states] == [[1, 3], [0, 2], [0, 1]]


@pytest.mark.parametrize("p, stays", [(0.0, True), (1.0, False)])
def test_a_bad_source_depletes_with_its_own_chance(p, stays):
    """One that stays harms again on coming back, one that went does not."""
    state = being((4, 2), [(5, 2), FAR], bad=(True, False), respawn=(0, 0))
    knobs = HARM | dict(deplete_sources=True, respawn_delay=8, bad_source_deplete_p=p)
    states, _, feedback = walk([RIGHT, LEFT, RIGHT], state, **knobs)
    assert [int(f.body.bad_arrivals) for f in feedback] == [1, 0, int(stays)]
    assert states[0].respawn.tolist() == [0 if stays else 8, 0]


def test_a_good_source_depletes_whatever_the_chance_of_the_bad():
    state = being((4, 2), [(5, 2), FAR], bad=(False, True), respawn=(0, 0))
    knobs = HARM | dict(deplete_sources=True, respawn_delay=8, bad_source_deplete_p=0.0)
    (after,), _, _ = walk([RIGHT], state, **knobs)
    assert after.respawn.tolist() == [8, 0]


def test_a_source_that_comes_back_underfoot_must_be_left_and_entered():
    """Seed by seed, until the fresh cell is where the agent stands."""
    state = being((0, 0), [(1, 0), (1, 0)], respawn=(0, 0))
    knobs = dict(width=2, height=1, deplete_sources=True)
    for seed in range(20):
        states, _, feedback = walk([RIGHT, STAY], state, seed=seed, **knobs)
        if [1, 0] in states[0].source.tolist():
            break
    assert float(feedback[1].body.energy_gained) == 0.0 and bool(
        feedback[1].body.reached
    )


# --- draws ----------------------------------------------------------------------------


def test_a_birth_draws_places_then_kinds_then_the_first_observation(key):
    knobs = dict(num_sources=4, num_bad_sources=3, obs_noise=0.5)
    config = ChemotaxisConfig(**WORLD | knobs)
    state, observation = chemotaxis(config).init(key)
    key_place, key_kind, key_sense = jax.random.split(jax.random.clone(key), 3)
    size = jnp.array([[9, 5]], jnp.int32)
    places = jax.random.randint(key_place, (4, 2), 0, size)
    np.testing.assert_array_equal(state.source, places)
    bad = jax.random.permutation(key_kind, 4)[:3]
    assert np.flatnonzero(state.bad).tolist() == sorted(bad.tolist())
    noise = 0.5 * jax.random.normal(jax.random.split(key_sense)[1], (4,))
    np.testing.assert_allclose(observation[2:], 1.0 + noise[2:], rtol=1e-6)


DEPLETE = dict(deplete_sources=True)


@pytest.mark.parametrize(
    "knobs, draws",
    [
        ({}, 0),
        (dict(num_bad_sources=1, grad_gain_min=0.0, grad_bins_max=4.0), 0),
        (dict(grad_dropout_p=0.5), 1),
        (dict(obs_noise=0.1), 1),
        (dict(grad_dropout_p=0.5, obs_noise=0.1), 2),
        (dict(bad_source_deplete_p=0.5, num_bad_sources=1), 0),  # nothing depletes
        (DEPLETE, 1),
        (DEPLETE | dict(bad_source_deplete_p=0.5), 1),  # nothing is bad
        (DEPLETE | dict(bad_source_deplete_p=0.5, num_bad_sources=1), 2),
    ],
)
def test_what_is_off_draws_nothing(key, knobs, draws):
    """It is not in the program, which has so many operations that draw."""
    env = chemotaxis(ChemotaxisConfig(**WORLD | knobs))
    state, _ = env.init(key)
    jaxpr = jax.make_jaxpr(env.step)(jax.random.key(1), state, jnp.int32(0)).jaxpr
    names = [eqn.primitive.name for eqn in equations(jaxpr)]
    assert names.count("random_bits") == draws


def test_fields_of_features_that_are_off_are_left_out(key):
    assert chemotaxis(ChemotaxisConfig()).init(key)[0].respawn is None


# --- truth and configs ----------------------------------------------------------------


def test_the_truth_is_places_and_what_they_are_worth():
    env = chemotaxis(ChemotaxisConfig(**WORLD | DEPLETE))
    state = being((2, 1), [(5, 2), (0, 0)], bad=(True, False), respawn=(0, 3))
    truth = env.privileged_state(state)
    assert truth.position.tolist() == [2, 1]
    assert truth.source.tolist() == [[5, 2], [0, 0]]
    assert (truth.worth > 0).tolist() == [False, True]
    assert truth.active.tolist() == [True, False]
    assert env.size == (9, 5)


@pytest.mark.parametrize(
    "knobs, complaint",
    [
        (dict(num_sources=1, num_bad_sources=2), "must not exceed .* got 2 of 1"),
        (dict(width=1), "ChemotaxisConfig.width must be a finite number >= 2"),
        (dict(energy_init=0.0), "energy_init must be a finite number > 0 and <= 1"),
        (dict(grad_dropout_p=1.5), "grad_dropout_p must be .* <= 1, got 1.5"),
    ],
)
def test_a_world_that_cannot_be_says_why(knobs, complaint):
    with pytest.raises(ValueError, match=complaint):
        ChemotaxisConfig(**knobs)
