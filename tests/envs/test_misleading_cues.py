"""Misleading cues, by hand: worked numbers a reader can check on paper.

The world is 9 cells wide and 5 high with one shelter at (4, 2); an alarm ends 3 steps
after its cue, calms last 2 steps, and living costs nothing.
"""

import functools

import jax
import jax.numpy as jnp
import pytest

from koki2.envs import ForagerState, misleading_cues, MisleadingCuesConfig
from koki2.envs.misleading_cues import TwoCueSky
from koki2.envs.storms import NEVER, Weather

STAY, UP, DOWN, LEFT, RIGHT = range(5)
UNOPTIMISED = {"xla_backend_optimization_level": 0}  # compiles faster
WORLD = dict(width=9, height=5, num_shelters=1, cue_delay=3, calm_min=2, calm_max=2)
WORLD |= dict(strike_loss=0.5, num_sources=1, steps=16, energy_decay=0.0)


@functools.cache
def world(**knobs):
    env = misleading_cues(MisleadingCuesConfig(**WORLD | knobs))
    return env, jax.jit(env.step, compiler_options=UNOPTIMISED)


def being(*, until, cue=0, true=True, honest=0, position=(0, 0)):
    return ForagerState(
        t=jnp.int32(0),
        position=jnp.array(position, jnp.int32),
        source=jnp.array([(8, 4)], jnp.int32),
        energy=jnp.float32(0.5),
        integrity=jnp.float32(1.0),
        extra=Weather(
            shelter=jnp.array([(4, 2)], jnp.int32),
            struck=jnp.array(False),
            sky=TwoCueSky(
                until=jnp.int32(until),
                cue=jnp.int32(cue),
                true=jnp.array(true),
                honest=jnp.int32(honest),
            ),
        ),
    )


def wait(steps, state, seed=0, **knobs):
    seen = []
    for key in jax.random.split(jax.random.key(seed), steps):
        state, observation, feedback = world(**knobs)[1](key, state, jnp.int32(STAY))
        seen.append((state, observation, feedback))
    return zip(*seen, strict=True)


def floats(values):
    return [round(float(value), 6) for value in values]


@pytest.mark.parametrize("cue", [0, 1])
def test_a_true_alarm_is_its_cue_then_a_strike_that_is_observed(cue):
    _, seen, feedback = wait(4, being(until=4, cue=cue, honest=cue))
    assert floats(o[6 + cue] for o in seen) == [1, 0, 0, 0]
    assert floats(o[7 - cue] for o in seen) == [0, 0, 0, 0]
    assert floats(o[8] for o in seen) == [0, 0, 0, 1]
    assert floats(f.body.integrity_lost for f in feedback) == [0, 0, 0, 0.5]


def test_a_strike_is_observed_in_the_shelter_too_and_harms_no_agent_there():
    _, (seen,), (feedback,) = wait(1, being(until=1, position=(4, 2)))
    assert float(seen[8]) == 1.0 and float(feedback.body.integrity_lost) == 0.0


def test_a_false_alarm_is_the_other_cue_and_nothing_after_it():
    _, seen, feedback = wait(4, being(until=4, cue=1, true=False))
    assert floats(o[7] for o in seen) == [1, 0, 0, 0]
    assert floats(o[8] for o in seen) == [0, 0, 0, 0]
    assert floats(f.body.integrity_lost for f in feedback) == [0, 0, 0, 0]


def test_two_strikes_in_the_open_kill():
    knobs = dict(false_p=0.0, strike_p=1.0)
    _, _, feedback = wait(6, being(until=1), **knobs)  # the next is 2 + 3 steps on
    assert [bool(f.terminated) for f in feedback] == [False] * 5 + [True]


def test_which_cue_is_honest_is_not_sensed_and_stays_for_life():
    """The same birth but for that: the senses are the same until a cue sounds."""
    _, one, _ = wait(2, being(until=9))
    _, other, _ = wait(2, being(until=9, cue=1, honest=1))
    assert [floats(o) for o in one] == [floats(o) for o in other]
    states, _, _ = wait(12, being(until=2, honest=1))
    assert all(int(s.extra.sky.honest) == 1 for s in states)


def test_at_birth_either_cue_may_be_honest_and_a_strike_follows_no_other():
    env = misleading_cues()
    sky = jax.jit(jax.vmap(env.init), compiler_options=UNOPTIMISED)(
        jax.random.split(jax.random.key(0), 256)
    )[0].extra.sky
    false = sky.cue != sky.honest
    assert not bool(jnp.any(sky.true & false))
    # Of 256, half are honest-first, half false, and 0.8 of the rest strike: 102.
    assert abs(int(jnp.sum(sky.honest)) - 128) < 40
    assert abs(int(jnp.sum(false)) - 128) < 40
    assert abs(int(jnp.sum(sky.true)) - 102) < 40


@pytest.mark.parametrize(
    "strike_p, false_p, true, cue",
    [(1.0, 0.0, True, 1), (0.0, 0.0, False, 1), (1.0, 1.0, False, 0)],
)
def test_chances_of_none_and_all(strike_p, false_p, true, cue):
    """The alarm after this one, where the second cue is the honest one."""
    (after,), _, _ = wait(
        1, being(until=1, honest=1), strike_p=strike_p, false_p=false_p
    )
    assert (bool(after.extra.sky.true), int(after.extra.sky.cue)) == (true, cue)


def test_the_truth_knows_a_false_alarm():
    env, _ = world()
    danger = lambda true: env.privileged_state(being(until=1, true=true)).danger
    assert float(jnp.sum(danger(False))) == 0.0
    assert float(jnp.sum(danger(True))) == 0.5 * (9 * 5 - 1)  # all but the shelter
    assert NEVER > 1_000_000


def test_the_competent_policy_heeds_both_cues_until_a_strike_tells_them_apart():
    """Food east, shelter 3 cells west. The moment an alarm sounds it must go."""
    env, _ = world()
    memory, choose = env.competent

    def act(first=0, second=0, strike=0, sx=-0.375):
        nonlocal memory
        seen = jnp.array([0.5, 0.0, 0.5, 1.0, sx, 0.0, first, second, strike])
        memory, action = choose(None, memory, seen)
        return int(action)

    assert act() == RIGHT
    assert [act(second=1), act(), act()] == [LEFT] * 3 and act() == RIGHT
    assert [act(first=1), act(), act()] == [LEFT] * 3
    assert act(strike=1) == RIGHT  # so the first cue is the honest one
    assert [act(second=1), act(), act(), act()] == [RIGHT] * 4
    assert act(first=1) == LEFT


def test_it_feeds_on_while_there_is_time():
    """The shelter is a cell away: 3 moves left and 2 are enough, 1 is not too many."""
    memory, choose = world()[0].competent
    done = []
    for cue in (1, 0, 0):
        seen = jnp.array([0.5, 0.0, 0.5, 1.0, -0.125, 0.0, cue, 0, 0])
        memory, action = choose(None, memory, seen)
        done.append(int(action))
    assert done == [RIGHT, LEFT, LEFT]
