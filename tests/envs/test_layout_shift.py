"""Layout shift, by hand: worked numbers a reader can check on paper.

The world is 9 cells wide and 5 high, with a red source in the west and a blue one in
the east; nothing moves by itself and living costs nothing unless stated otherwise.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from koki2.envs import ForagerState, layout_shift, LayoutShiftConfig
from koki2.envs.layout_shift import Valence

STAY, UP, DOWN, LEFT, RIGHT = range(5)
UNOPTIMISED = {"xla_backend_optimization_level": 0}  # compiles faster
WORLD = dict(width=9, height=5, num_red=1, num_blue=1, steps=16, places_shift=0)
WORLD |= dict(energy_decay=0.0)
RED, BLUE = (2, 2), (6, 2)


@functools.cache
def world(**knobs):
    env = layout_shift(LayoutShiftConfig(**WORLD | knobs))
    return env, jax.jit(env.step, compiler_options=UNOPTIMISED)


def being(position, *, red=True, swap=8, t=0, energy=0.5, integrity=1.0, taste=0.0):
    number = lambda value: None if value is None else jnp.float32(value)
    return ForagerState(
        t=jnp.int32(t),
        position=jnp.array(position, jnp.int32),
        source=jnp.array([RED, BLUE], jnp.int32),
        energy=number(energy),
        integrity=number(integrity),
        extra=Valence(
            red_at_birth=None if red is None else jnp.array(red),
            swap=None if swap is None else jnp.int32(swap),
            taste=number(taste),
        ),
    )


def act(state, action=STAY, care=None, seed=0, **knobs):
    return world(**knobs)[1](jax.random.key(seed), state, jnp.int32(action), care)


def unmoved(state):
    return np.all(np.asarray(state.source) == [RED, BLUE], axis=1).tolist()


@pytest.mark.parametrize(
    "red, t, red_feeds",
    [(True, 0, True), (True, 7, True), (True, 8, False), (False, 7, False)]
    + [(False, 8, True), (False, 15, True)],
)
def test_one_kind_feeds_and_the_other_harms_until_the_swap(red, t, red_feeds):
    """The swap is at 8: the step that starts there is the first of the new order."""
    for start, action, good in (
        ((1, 2), RIGHT, red_feeds),
        ((7, 2), LEFT, not red_feeds),
    ):
        state = being(start, red=red, t=t)
        after, seen, feedback = act(state, action)
        assert float(feedback.body.energy_gained) == (0.25 if good else 0.0)
        assert float(feedback.body.integrity_lost) == (0.0 if good else 0.25)
        assert [float(after.energy), float(after.integrity)] == (
            [0.75, 1.0] if good else [0.5, 0.75]
        )
        assert float(seen[6]) == (1.0 if good else -1.0)  # what it tasted of
        assert bool(feedback.body.reached) == good and int(
            feedback.body.bad_arrivals
        ) == (not good)
        worth = world()[0].privileged_state(state).worth.tolist()
        assert worth == ([0.1875, -0.0625] if red_feeds else [-0.0625, 0.1875])


def test_the_senses_do_not_tell_which_kind_feeds():
    """From (4, 2) either is 2 of 8 cells away; untasted, they look the same."""
    seen = [
        act(being((4, 2), red=red, t=t))[1] for red in (True, False) for t in (0, 9)
    ]
    for observation in seen:
        assert observation.tolist() == [-0.25, 0.0, 0.25, 0.0, 0.5, 1.0, 0.0]


def test_what_they_tell_is_a_matter_of_knobs():
    """The control gives what holds after the step: swapped, if that is the eighth."""
    valence = [act(being((4, 2), t=t), tells_valence=True)[1][7] for t in (6, 7)]
    assert [float(channel) for channel in valence] == [1.0, -1.0]
    blind = being((4, 2), taste=None)
    assert act(blind, feels_taste=False)[1].shape == (6,)
    sizes = [
        world(feels_taste=taste, tells_valence=tells)[0].observation_size
        for taste in (False, True)
        for tells in (False, True)
    ]
    assert sizes == [6, 7, 7, 8]


def test_a_taste_lasts_one_step():
    after, seen, _ = act(being((1, 2)), RIGHT)
    assert float(seen[6]) == 1.0 and float(act(after)[1][6]) == 0.0


def test_valence_and_swap_are_drawn_over_all_births():
    """Of 256 lives about half; swaps fall in the middle half of 16 steps, 4 to 11."""
    env = world()[0]
    keys = jax.random.split(jax.random.key(0), 256)
    states, _ = jax.jit(jax.vmap(env.init), compiler_options=UNOPTIMISED)(keys)
    assert 96 < int(jnp.sum(states.extra.red_at_birth)) < 160
    assert np.unique(states.extra.swap).tolist() == list(range(4, 12))


def test_without_shifts_red_always_feeds_and_nothing_is_drawn():
    knobs = dict(drawn_at_birth=False, swaps_within=False)
    born, _ = world(**knobs)[0].init(jax.random.key(0))
    assert born.extra.red_at_birth is None and born.extra.swap is None
    state = being((1, 2), red=None, swap=None, t=15)
    assert float(act(state, RIGHT, **knobs)[2].body.energy_gained) == 0.25


def test_what_is_tasted_is_elsewhere_and_now_and_then_all_are():
    for start, action, stays in (((1, 2), RIGHT, 1), ((7, 2), LEFT, 0)):
        after, _, _ = act(being(start), action)
        assert unmoved(after) == [nth == stays for nth in range(2)]
    kept, moved = (act(being((4, 4), t=t), places_shift=4)[0] for t in (2, 3))
    assert unmoved(kept) == [True, True] and unmoved(moved) == [False, False]


def test_hunger_and_harm_kill():
    _, _, feedback = act(being((4, 0), energy=0.25), energy_decay=0.25)
    assert bool(feedback.terminated)
    _, _, feedback = act(being((7, 2), integrity=0.25), LEFT)
    assert bool(feedback.terminated) and float(feedback.body.integrity) == 0.0
    _, _, feedback = act(being((4, 0), t=15))
    assert bool(feedback.truncated) and not bool(feedback.terminated)


def test_the_competent_policy_holds_to_what_fed_and_drops_what_harmed():
    """Red is west, blue east. Red is nearer at first, and feeds; then it harms."""
    memory, choose = world()[0].competent
    done = []
    for red, blue, energy, integrity in [
        (-0.125, 0.5, 0.5, 1.0),  # nearest first: it steps onto red
        (-0.5, 0.25, 0.75, 1.0),  # fed: red again, far as it is
        (-0.125, 0.25, 0.7, 1.0),
        (-0.25, 0.5, 0.65, 0.75),  # harmed: blue from now on
        (-0.125, 0.5, 0.6, 0.75),
    ]:
        senses = jnp.array([red, 0.0, blue, 0.0, energy, integrity, 0.0])
        memory, action = choose(None, memory, senses)
        done.append(int(action))
    assert done == [LEFT, LEFT, LEFT, RIGHT, RIGHT]
