"""Moving needs, by hand: worked numbers a reader can check on paper.

The world is 9 cells wide and 5 high, with one food and one water. A store falls by 1/32
a step and by 1/8 in its season, in which it weighs 4 in the drive; a meal gives 1/4.
Lives here are born when it is hot, and the season turns at steps 4 and 12.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from koki2.envs import ForagerState, moving_needs, MovingNeedsConfig
from koki2.envs.moving_needs import Season

STAY, UP, DOWN, LEFT, RIGHT = range(5)
UNOPTIMISED = {"xla_backend_optimization_level": 0}  # compiles faster
WORLD = dict(width=9, height=5, num_food=1, num_water=1, steps=16)
WORLD |= dict(energy_decay=1 / 32, hydration_decay=1 / 32)
FOOD, WATER = (2, 2), (6, 2)


@functools.cache
def world(**knobs):
    env = moving_needs(MovingNeedsConfig(**WORLD | knobs))
    return env, jax.jit(env.step, compiler_options=UNOPTIMISED)


def being(position, energy=0.5, hydration=0.5, *, t=0, hot=True):
    return ForagerState(
        t=jnp.int32(t),
        position=jnp.array(position, jnp.int32),
        source=jnp.array([FOOD, WATER], jnp.int32),
        extra=Season(hot_at_birth=jnp.array(hot), turn=jnp.array([4, 12], jnp.int32)),
        store=jnp.array([energy, hydration], jnp.float32),
    )


def act(state, action=STAY, care=None, seed=0, **knobs):
    return world(**knobs)[1](jax.random.key(seed), state, jnp.int32(action), care)


@pytest.mark.parametrize(
    "t, born_hot, hot",
    [(0, True, True), (3, True, True), (4, True, False), (11, True, False)]
    + [(12, True, True), (3, False, False), (4, False, True), (12, False, False)],
)
def test_heat_makes_thirsty_and_cold_hungry(t, born_hot, hot):
    """Waiting falls from 16/32 to 15 and 12; the fall is weighed 1 and 4."""
    state = being((4, 0), t=t, hot=born_hot)
    after, _, feedback = act(state)
    slow, fast = 15 / 32, 12 / 32
    assert after.store.tolist() == ([slow, fast] if hot else [fast, slow])
    drive = (17**2 - 16**2 + 4 * (20**2 - 16**2)) / 32**2
    assert float(feedback.body.drive_fall) == -drive
    food, water = world()[0].privileged_state(state).worth.tolist()
    slack, pressed = (17**2 - 9**2) / 32**2, 4 * (20**2 - 12**2) / 32**2
    assert (food, water) == ((slack, pressed) if hot else (pressed, slack))


def test_the_senses_do_not_tell_the_season():
    """On the last step of a season the stores do not show the next."""
    ends = [act(being((4, 2), t=t))[1].tolist() for t in (2, 3)]
    assert ends[0] == ends[1] == [-0.25, 0.0, 0.25, 0.0, 15 / 32, 12 / 32]


def test_a_turn_by_itself_is_no_event_to_the_drive():
    """With nothing lost the drive does not move, though the weights turn at 4."""
    still = dict(energy_decay=0.0, hydration_decay=0.0)
    falls = [act(being((4, 0), 0.25, t=t), **still)[2].body.drive_fall for t in (3, 4)]
    assert [float(fall) for fall in falls] == [0.0, 0.0]


def test_food_fills_energy_and_water_hydration_and_both_go_elsewhere():
    ate, _, fed = act(being((1, 2)), RIGHT)
    drank, _, watered = act(being((7, 2)), LEFT)
    assert ate.store.tolist() == [23 / 32, 12 / 32]
    assert drank.store.tolist() == [15 / 32, 20 / 32]
    assert float(fed.body.energy_gained) == float(watered.body.energy_gained) == 0.25
    assert ate.source.tolist()[0] != [*FOOD] and ate.source.tolist()[1] == [*WATER]


def test_seasons_turn_once_in_each_stretch_of_life():
    """Two turns in 16 steps: one in the first eight and one in the second."""
    env = world()[0]
    keys = jax.random.split(jax.random.key(0), 256)
    states, _ = jax.jit(jax.vmap(env.init), compiler_options=UNOPTIMISED)(keys)
    assert np.unique(states.extra.turn[:, 0]).tolist() == list(range(8))
    assert np.unique(states.extra.turn[:, 1]).tolist() == list(range(8, 16))
    assert 96 < int(jnp.sum(states.extra.hot_at_birth)) < 160
    born, _ = world(turns=0)[0].init(jax.random.key(1))
    assert born.extra.turn.shape == (0,)


@pytest.mark.parametrize(
    "energy, hydration, t, dies",
    [(1.0, 1 / 8, 0, True), (1 / 8, 1.0, 0, False), (1 / 8, 1.0, 4, True)]
    + [(1.0, 1 / 8, 4, False), (1 / 32, 1.0, 0, True), (1.0, 1 / 32, 4, True)],
)
def test_either_store_kills_when_empty_the_pressed_one_sooner(
    energy, hydration, t, dies
):
    _, _, feedback = act(being((4, 0), energy, hydration, t=t))
    assert bool(feedback.terminated) == dies and not bool(feedback.truncated)


def test_the_competent_policy_feels_the_season_and_remembers_it():
    """Food is 2 cells west, water 3 east. Alike as they are, food is nearer; hydration
    falls faster: then water; a meal shows nothing; energy falls faster: food again."""
    memory, choose = world()[0].competent
    done = []
    for stores in [(0.5, 0.5), (0.46, 0.38), (0.71, 0.3), (0.5, 0.28), (0.4, 0.4)]:
        senses = jnp.array([-0.25, 0.0, 0.375, 0.0, *stores])
        memory, action = choose(None, memory, senses)
        done.append((int(action), float(memory[0])))
    west, east = LEFT, RIGHT
    assert done == [(west, 0), (east, 1), (east, 1), (west, -1), (west, -1)]
