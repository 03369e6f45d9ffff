"""Trade-offs, by hand: worked numbers a reader can check on paper.

The world is 9 cells wide and 5 high, with one source of each kind; both stores fall by
1/16 a step, a meal gives 1/2 and what is tainted takes 1/4, unless stated otherwise.
"""

import functools

import jax
import jax.numpy as jnp
import pytest

from koki2.envs import Care, ForagerState, trade_offs, TradeOffsConfig

STAY, UP, DOWN, LEFT, RIGHT = range(5)
UNOPTIMISED = {"xla_backend_optimization_level": 0}  # compiles faster
WORLD = dict(width=9, height=5, num_salty=1, num_foul=1, num_food=1, num_water=1)
WORLD |= dict(energy_decay=1 / 16, energy_gain=0.5, energy_loss=0.25, steps=16)
WORLD |= dict(hydration_decay=1 / 16, hydration_gain=0.5, hydration_loss=0.25)
SALTY, FOUL, FOOD, WATER = (1, 1), (7, 1), (1, 3), (7, 3)


@functools.cache
def world(**knobs):
    env = trade_offs(TradeOffsConfig(**WORLD | knobs))
    return env, jax.jit(env.step, compiler_options=UNOPTIMISED)


def being(position, energy=0.5, hydration=0.5, t=0):
    return ForagerState(
        t=jnp.int32(t),
        position=jnp.array(position, jnp.int32),
        source=jnp.array([SALTY, FOUL, FOOD, WATER], jnp.int32),
        store=jnp.array([energy, hydration], jnp.float32),
    )


def act(state, action=STAY, care=None, seed=0, **knobs):
    return world(**knobs)[1](jax.random.key(seed), state, jnp.int32(action), care)


@pytest.mark.parametrize(
    "kind, start, action, stores, net",
    [
        (0, (0, 1), RIGHT, (15 / 16, 3 / 16), 1 / 4),
        (1, (8, 1), LEFT, (3 / 16, 15 / 16), 1 / 4),
        (2, (0, 3), RIGHT, (15 / 16, 7 / 16), 1 / 2),
        (3, (8, 3), LEFT, (7 / 16, 15 / 16), 1 / 2),
    ],
)
def test_the_tainted_feed_one_store_from_the_other(kind, start, action, stores, net):
    after, _, feedback = act(being(start), action)
    assert tuple(after.store.tolist()) == stores
    assert float(feedback.body.energy_gained) == net
    before = world()[0].privileged_state(being(start)).source.tolist()
    moved = [a != b for a, b in zip(after.source.tolist(), before, strict=True)]
    assert moved == [nth == kind for nth in range(4)]  # it comes back elsewhere


def test_salt_saves_the_starving_and_harms_the_thirsty():
    """In 256ths, left by waiting and by salt:

    (4, 16)/16: 13^2 + 1^2 = 170, 5^2 + 5^2 = 50;
    (16, 8)/16: 1^2 + 9^2 = 82, 0^2 + 13^2 = 169."""
    starving, thirsty = being((0, 1), 4 / 16, 1.0), being((0, 1), 1.0, 8 / 16)
    for state, worth in ((starving, 120 / 256), (thirsty, -87 / 256)):
        assert float(world()[0].privileged_state(state).worth[0]) == worth
        _, _, feedback = act(state, RIGHT)
        assert bool(feedback.body.reached) == (worth > 0)
        assert int(feedback.body.bad_arrivals) == (worth < 0)


def test_the_drive_tells_what_a_trade_was_worth():
    """9^2 / 256 of drive before, none of energy and (3/16)^2 of it after."""
    _, _, feedback = act(being((0, 1), 1.0, 8 / 16), RIGHT)
    assert float(feedback.body.drive_fall) == (64 - 169) / 256
    assert float(feedback.body.energy_gained) == 1 / 16 - 1 / 4  # no room for more


def test_the_senses_tell_the_four_kinds_apart():
    _, seen, _ = act(being((4, 2)))
    ways = [-3 / 8, -1 / 4, 3 / 8, -1 / 4, -3 / 8, 1 / 4, 3 / 8, 1 / 4]
    assert seen.tolist() == [*ways, 7 / 16, 7 / 16]
    assert world()[0].kinds == (
        "salty food",
        "foul water",
        "clean food",
        "clean water",
    )


@pytest.mark.parametrize("needs", [(1 / 16, 1.0), (1.0, 1 / 16)])
def test_either_store_kills_when_empty(needs):
    _, _, feedback = act(being((4, 2), *needs))
    assert bool(feedback.terminated) and not bool(feedback.truncated)


def test_salt_may_be_the_death_of_the_thirsty():
    _, _, feedback = act(being((0, 1), 0.5, 5 / 16), RIGHT)
    assert bool(feedback.terminated)
    _, _, feedback = act(being((0, 3), 0.5, 5 / 16), RIGHT)
    assert not bool(feedback.terminated)


def test_care_makes_meals_richer_and_harms_smaller():
    """Salt: energy 1/2 - 1/32 + 1/4, hydration 1/2 - 1/32 - 1/16."""
    half, quarter = jnp.float32(0.5), jnp.float32(0.25)
    care = Care(metabolism=half, buffer=quarter, richness=half, hazard=quarter)
    fed, _, feedback = act(being((0, 1)), RIGHT, care)
    assert fed.store.tolist() == [23 / 32, 13 / 32]
    assert float(feedback.body.energy_gained) == 1 / 4 - 1 / 16
    thin, _, feedback = act(being((0, 1), 0.25, 0.25), RIGHT, care)
    assert float(thin.store[1]) == 0.25 and not bool(feedback.terminated)


@pytest.mark.parametrize(
    "salty, food, action",
    [(-0.125, 0.5, LEFT), (-0.25, 0.375, RIGHT), (-0.25, 0.0, LEFT), (0, 0.5, RIGHT)],
)
def test_the_competent_policy_prefers_the_clean_unless_twice_as_far(
    salty, food, action
):
    memory, choose = world()[0].competent
    senses = jnp.array([salty, 0, 0, 0, food, 0, 0, 0, 0.4, 0.5])
    assert int(choose(None, memory, senses)[1]) == action


def test_a_world_without_sources_says_why():
    none = dict(num_salty=0, num_foul=0, num_food=0, num_water=0)
    with pytest.raises(ValueError, match="must have at least one source"):
        TradeOffsConfig(**none)
    env = trade_offs(TradeOffsConfig(**none | {"num_water": 1}))
    assert env.init(jax.random.key(0))[1].tolist()[:6] == [0.0] * 6
