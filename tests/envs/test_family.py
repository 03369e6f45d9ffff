"""A family of worlds, by hand: worked numbers a reader can check on paper.

The world is 9 cells wide and 5 high and has two sources, the first of them bad. Unless
stated otherwise a meal is worth 0.25, harm 0.5, and living costs nothing.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from koki2.envs import family, FamilyConfig, ForagerState
from koki2.envs.family import Conditions, Rules, WAYS

STAY, UP, DOWN, LEFT, RIGHT = range(5)
UNOPTIMISED = {"xla_backend_optimization_level": 0}  # compiles faster
WORLD = dict(width=9, height=5, num_sources=2, steps=8)
FAR = (8, 4)


@functools.cache
def world(**knobs):
    env = family(FamilyConfig(**WORLD | knobs))
    return env, jax.jit(env.step, compiler_options=UNOPTIMISED)


def being(position, source, *, way=0, respawn=(0, 0), **rules):
    needs = {
        n: rules.pop(n, d) for n, d in dict(energy=0.5, integrity=1.0, t=0).items()
    }
    defaults = dict(gain=0.25, decay=0.0, loss=0.5, dropout=0.0)
    return ForagerState(
        t=jnp.int32(needs["t"]),
        position=jnp.array(position, jnp.int32),
        source=jnp.array(source, jnp.int32),
        energy=jnp.float32(needs["energy"]),
        integrity=jnp.float32(needs["integrity"]),
        extra=Conditions(
            rules=Rules(
                bad=jnp.array([True, False]),
                delay=jnp.int32(rules.pop("delay", 0)),
                way=jnp.asarray(WAYS[way], jnp.float32),
                **{n: jnp.float32(v) for n, v in (defaults | rules).items()},
            ),
            respawn=jnp.array(respawn, jnp.int32),
            dropped=jnp.array(False),
        ),
    )


def act(state, action=STAY, care=None):
    return world()[1](jax.random.key(0), state, jnp.int32(action), care)


def floats(values):
    return [round(float(value), 6) for value in values]


@pytest.mark.parametrize(
    "way, sensed",
    [
        (0, [0.25, 0.5]),  # as it is: 2 of 8 east, 2 of 4 south
        (1, [-0.5, 0.25]),  # a quarter turn: east is sensed as south, south as west
        (2, [-0.25, -0.5]),
        (3, [0.5, -0.25]),
        (4, [-0.25, 0.5]),  # mirrored: east is sensed as west
        (5, [-0.5, -0.25]),  # mirrored, then turned
        (6, [0.25, -0.5]),
        (7, [0.5, 0.25]),
    ],
)
def test_senses_are_turned_and_mirrored(way, sensed):
    _, seen, _ = act(being((4, 2), [(6, 4), FAR], way=way))
    assert floats(seen) == [*sensed, 0.5, 1.0]


@pytest.mark.parametrize("gain, loss", [(0.25, 0.5), (0.125, 0.75)])
def test_what_food_and_harm_do_is_the_lifes_own(gain, loss):
    """Both sources in one cell: the first harms, the second feeds."""
    state = being((4, 2), [(5, 2), (5, 2)], gain=gain, loss=loss)
    after, _, feedback = act(state, RIGHT)
    assert floats([feedback.body.energy_gained, feedback.body.integrity_lost]) == [
        gain,
        loss,
    ]
    assert floats([after.energy, after.integrity]) == [0.5 + gain, 1 - loss]
    assert int(feedback.body.bad_arrivals) == 1 and bool(feedback.body.reached)


def test_harm_kills_and_so_does_hunger_at_the_lifes_own_rate():
    _, _, feedback = act(being((4, 2), [(5, 2), FAR], integrity=0.5), RIGHT)
    assert bool(feedback.terminated) and not bool(feedback.truncated)
    for decay, dies in ((0.25, False), (0.5, True)):
        after, _, feedback = act(being((4, 2), [FAR, FAR], decay=decay, t=7))
        assert float(after.energy) == 0.5 - decay and bool(feedback.terminated) == dies
        assert bool(feedback.truncated)


@pytest.mark.parametrize("delay, waits", [(0, [0, 0]), (2, [2, 1])])
def test_a_source_arrived_at_comes_back_after_the_lifes_own_delay(delay, waits):
    state = being((4, 2), [FAR, (5, 2)], delay=delay)
    first, seen, _ = act(state, RIGHT)
    second, _, _ = act(first)
    third, _, _ = act(second)
    assert [int(s.extra.respawn[1]) for s in (first, second)] == waits
    assert int(third.extra.respawn[1]) == 0
    moved = [s.source[1].tolist() != [5, 2] for s in (first, second, third)]
    assert moved == [delay == 0, delay == 0, True]
    if delay:  # while it is away, only the other is smelled: 3 east, 2 of 4 south
        assert floats(seen[:2]) == [0.375, 0.5]


def test_a_gradient_that_always_drops_out_is_never_felt():
    _, seen, _ = act(being((4, 2), [(6, 4), FAR], dropout=1.0))
    assert floats(seen) == [0.0, 0.0, 0.5, 1.0]


def test_lives_differ_in_all_rules_and_within_their_ranges():
    env = family()
    rules = jax.jit(jax.vmap(env.init), compiler_options=UNOPTIMISED)(
        jax.random.split(jax.random.key(0), 256)
    )[0].extra.rules
    within = dict(gain=(0.2, 0.4), decay=(0.0167, 0.025), loss=(0.02, 0.1))
    for name, (least, most) in (within | dict(dropout=(0.0, 0.3))).items():
        drawn = np.asarray(getattr(rules, name))
        assert least - 1e-6 <= drawn.min() < drawn.max() <= most + 1e-6, name
        assert drawn.std() > 0.2 * (most - least), name
    assert set(rules.delay.tolist()) == set(range(7))
    assert set(jnp.sum(rules.bad, axis=1).tolist()) == {0, 1, 2}
    ways = {tuple(np.ravel(way)) for way in np.asarray(rules.way).astype(int)}
    assert ways == {tuple(np.ravel(way)) for way in WAYS.astype(int)} and len(ways) == 8


def test_a_family_of_one_is_one_world():
    same = dict(gain_max=0.2, decay_max=0.0167, loss_max=0.02, bad_max=0)
    config = FamilyConfig(dropout_max=0.0, delay_max=0, turns=1, mirrors=False, **same)
    keys = jax.random.split(jax.random.key(0), 16)
    rules = jax.jit(jax.vmap(family(config).init), compiler_options=UNOPTIMISED)(keys)[
        0
    ].extra.rules
    for leaf in jax.tree.leaves(rules):
        assert np.all(np.asarray(leaf) == np.asarray(leaf)[:1])


def test_the_truth_knows_what_this_life_is_like():
    truth = world()[0].privileged_state(being((4, 2), [FAR, (5, 2)], respawn=(0, 3)))
    assert floats(truth.worth) == [-0.5, 0.25]
    assert truth.active.tolist() == [True, False]


@pytest.mark.parametrize(
    "way, start", [*((way, (4, 2)) for way in range(8)), (2, (0, 4)), (4, (0, 4))]
)
def test_the_competent_policy_finds_its_bearings_whatever_way_it_feels(way, start):
    """Food some cells off (and harm with it); a wrong guess or two first.

    From (0, 4) food is due east, and sensed in the west, where the edge is.
    """
    env, step = world()
    memory, choose = env.competent
    state, observation, _ = act(being(start, [(6, 4), (6, 4)], way=way))
    for spent in range(1, 13):
        memory, action = choose(None, memory, observation)
        state, observation, feedback = step(jax.random.key(spent), state, action)
        if float(feedback.body.energy_gained) > 0:
            break
    assert float(feedback.body.energy_gained) == 0.25


def test_ranges_the_wrong_way_round_are_refused():
    with pytest.raises(ValueError, match="gain_min must not exceed gain_max"):
        FamilyConfig(gain_min=0.5)
    with pytest.raises(ValueError, match="bad_max must not exceed .* got 5 of 4"):
        FamilyConfig(bad_max=5)
