"""Predictive cues, by hand: worked numbers a reader can check on paper.

The world is 9 cells wide and 5 high with one shelter at (4, 2); a strike comes 3 steps
after its cue, and calms last 2 steps. Living costs nothing unless stated otherwise.
"""

import functools

import jax
import jax.numpy as jnp
import pytest

from koki2.envs import ForagerState, predictive_cues, PredictiveCuesConfig
from koki2.envs.predictive_cues import WarnedSky
from koki2.envs.storms import Weather

STAY, UP, DOWN, LEFT, RIGHT = range(5)
UNOPTIMISED = {"xla_backend_optimization_level": 0}  # compiles faster
WORLD = dict(width=9, height=5, num_shelters=1, cue_delay=3, calm_min=2, calm_max=2)
WORLD |= dict(strike_loss=0.5, num_sources=1, steps=16, energy_decay=0.0)
FAR = [(8, 4)]


@functools.cache
def stepper(**knobs):
    return jax.jit(
        predictive_cues(PredictiveCuesConfig(**WORLD | knobs)).step,
        compiler_options=UNOPTIMISED,
    )


def being(position, *, until, source=FAR, **needs):
    return ForagerState(
        t=jnp.int32(needs.get("t", 0)),
        position=jnp.array(position, jnp.int32),
        source=jnp.array(source, jnp.int32),
        energy=jnp.float32(needs.get("energy", 0.5)),
        integrity=jnp.float32(needs.get("integrity", 1.0)),
        extra=Weather(
            shelter=jnp.array([(4, 2)], jnp.int32),
            struck=jnp.array(False),
            sky=WarnedSky(until=jnp.int32(until)),
        ),
    )


def walk(actions, state, care=None, **knobs):
    keys = jax.random.split(jax.random.key(0), len(actions))
    seen = []
    for key, action in zip(keys, actions, strict=True):
        state, observation, feedback = stepper(**knobs)(
            key, state, jnp.int32(action), care
        )
        seen.append((state, observation, feedback))
    return zip(*seen, strict=True)


def floats(values):
    return [round(float(value), 6) for value in values]


def test_the_cue_sounds_once_then_the_strike_falls_then_all_begins_anew():
    """Heard at 3 before the strike; 5 after it is the next, of 2 calm steps and 3."""
    states, seen, feedback = walk([STAY] * 9, being((0, 0), until=4))
    assert [int(s.extra.sky.until) for s in states] == [3, 2, 1, 5, 4, 3, 2, 1, 5]
    assert floats(o[6] for o in seen) == [1, 0, 0, 0, 0, 1, 0, 0, 0]
    assert floats(f.body.integrity_lost for f in feedback) == [
        0,
        0,
        0,
        0.5,
        0,
        0,
        0,
        0,
        0.5,
    ]
    assert [bool(f.terminated) for f in feedback] == [False] * 8 + [True]
    assert sum(int(f.body.bad_arrivals) for f in feedback) == 2  # strikes in the open


@pytest.mark.parametrize(
    "actions, integrity",
    [
        ([RIGHT, RIGHT, RIGHT], 1.0),  # into the shelter with the last move
        ([STAY, RIGHT, RIGHT], 0.5),  # a step too late
        ([RIGHT, RIGHT, RIGHT, RIGHT], 1.0),  # and out again after the strike
    ],
)
def test_who_is_in_the_shelter_at_the_strike_is_unharmed(actions, integrity):
    states, _, _ = walk(actions, being((1, 2), until=3))
    assert float(states[-1].integrity) == integrity


def test_nothing_tells_between_cue_and_strike_that_it_is_coming():
    """With 1 step left the senses are as with 4, in the middle of a calm."""
    observe = lambda until: floats(list(walk([STAY], being((0, 0), until=until)))[1][0])
    assert observe(2) == observe(5)


def test_food_and_shelter_are_smelled_alike():
    """From (2, 0): food 4 of 8 cells east; the shelter 2 east and 2 of 4 south."""
    state = being((2, 0), until=9, source=[(6, 0)])
    _, (seen,), _ = walk([STAY], state)
    assert floats(seen) == [0.5, 0.0, 0.5, 1.0, 0.25, 0.5, 0.0]


def test_eating_pays_and_starving_kills():
    (state,), _, (feedback,) = walk([RIGHT], being((0, 0), until=9, source=[(1, 0)]))
    assert floats([state.energy, feedback.body.energy_gained]) == [0.8, 0.3]
    hungry = being((0, 0), until=9, t=14)
    _, _, feedback = walk([STAY, STAY], hungry, energy_decay=0.25)
    assert [bool(f.terminated) for f in feedback] == [False, True]
    assert [bool(f.truncated) for f in feedback] == [False, True]


def test_food_lies_outside_shelters():
    """In a world of 2 x 2 cells with many shelters, all in the western column."""
    knobs = dict(width=2, height=2, num_shelters=8, num_sources=8)
    env = predictive_cues(PredictiveCuesConfig(**knobs))
    states, _ = jax.jit(jax.vmap(env.init), compiler_options=UNOPTIMISED)(
        jax.random.split(jax.random.key(0), 8)
    )
    inside = jnp.all(states.source[:, :, None] == states.extra.shelter[:, None], axis=3)
    assert not bool(jnp.any(inside)) and int(jnp.max(states.extra.shelter[..., 0])) == 0


def test_calms_differ_and_lie_between_their_bounds():
    config = PredictiveCuesConfig(calm_min=2, calm_max=4, cue_delay=3)
    states, _ = jax.jit(
        jax.vmap(predictive_cues(config).init), compiler_options=UNOPTIMISED
    )(jax.random.split(jax.random.key(0), 64))
    assert set(states.extra.sky.until.tolist()) == {5, 6, 7}


def test_a_cell_too_far_from_shelter_to_get_there_in_time_is_dangerous():
    """With 2 moves left, who moves next to the shelter still gets there, no other."""
    env = predictive_cues(PredictiveCuesConfig(**WORLD))
    rows, columns = jnp.nonzero(
        env.privileged_state(being((4, 1), until=2)).danger == 0
    )
    safe = set(zip(columns.tolist(), rows.tolist(), strict=True))
    assert safe == {(4, 2), (3, 2), (5, 2), (4, 1), (4, 3)}


def test_food_is_worth_its_gain_while_there_is_time_and_a_strike_where_there_is_not():
    """(6, 2) is 3 steps from (4, 1) and 2 from shelter: 5 moves are enough, 4 are not.

    Then it is worth (1 - 0.5)^2 before, less (1 - 0.8)^2 + (1 - 0.5)^2 after; whom the
    strike would kill, -1. Shelters are worth nothing.
    """
    env = predictive_cues(PredictiveCuesConfig(**WORLD))
    worth = lambda **knobs: floats(
        env.privileged_state(being((4, 1), source=[(6, 2)], **knobs)).worth
    )
    assert worth(until=5) == [0.3, 0.0]
    assert worth(until=4) == [round(0.25 - 0.04 - 0.25, 6), 0.0]
    assert worth(until=4, integrity=0.5) == [-1.0, 0.0]
    assert env.kinds == ("food", "shelter")


def test_the_competent_policy_goes_home_at_the_cue_waits_and_goes_on():
    """Food east, shelter west and 2 cells away; the cue, then 3 moves of alarm."""
    env = predictive_cues(PredictiveCuesConfig(**WORLD))
    memory, choose = env.competent
    food, done = [0.5, 0.0, 0.5, 1.0], []
    homes = [(-0.25, 0.0), (-0.25, 0.0), (-0.125, 0.0), (0.0, 0.0), (0.0, 0.0)]
    for (sx, sy), cue in zip(homes, [0, 1, 0, 0, 0], strict=True):
        memory, action = choose(None, memory, jnp.array([*food, sx, sy, cue]))
        done.append(int(action))
    assert done == [RIGHT, LEFT, LEFT, STAY, RIGHT]


def test_calms_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="calm_min must not exceed .* got 9 and 8"):
        PredictiveCuesConfig(calm_min=9, calm_max=8)
