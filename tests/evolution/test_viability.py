"""Viability, counted by hand in a world where a genome is its own fate.

A genome is the one action it always takes. The world has mornings and evenings, drawn
at birth; what an action does depends on them:

    0 idle    lives, gains nothing
    1 die     dies at its second step
    2 feed    gains 0.25 a step and lives
    3 gamble  mornings: gains 0.25 and dies at its second step; evenings: as idle
    4 break   gains NaN
"""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array, Bool, Int

from koki2.agents.base import Agent
from koki2.envs.base import Env, Feedback
from koki2.evolution import Layout, lifetime, viability
from koki2.evolution.configs import ViabilityConfig
from koki2.evolution.viability import REASONS

IDLE, DIE, FEED, GAMBLE, BREAK = range(5)


@chex.dataclass(frozen=True, kw_only=True)
class Day:
    t: Int[Array, ""]
    morning: Bool[Array, ""]


def fate() -> Env:
    def init(key):
        morning = jax.random.bernoulli(key)
        return Day(t=jnp.int32(0), morning=morning), jnp.zeros(1)

    def step(key, state, action):
        t = state.t + 1
        gamble = (action == GAMBLE) & state.morning
        gained = jnp.where((action == FEED) | gamble, 0.25, 0.0)
        gained = jnp.where(action == BREAK, jnp.nan, gained)
        zero = jnp.float32(0.0)
        feedback = Feedback(
            energy_gained=gained,
            integrity_lost=zero,
            drive_fall=zero,
            integrity=jnp.float32(1.0),
            bad_arrivals=jnp.int32(0),
            reached=jnp.array(False),
            terminated=((action == DIE) | gamble) & (t >= 2),
            truncated=jnp.array(False),
        )
        return Day(t=t, morning=state.morning), jnp.zeros(1), feedback

    return Env(init, step, None, 1, 5, 100, 1)


def constant() -> Agent:
    act = lambda key, params, state, observation: (None, params)
    return Agent(init=lambda params: None, act=act, learn=None)


LIFE = lifetime(fate(), constant())


def morning_and_evening():
    """Keys of one life of each kind."""
    keys = jax.random.split(jax.random.key(0), 16)
    born = [bool(LIFE.world_birth(jax.random.clone(k))[0].morning) for k in keys]
    return keys[np.array([born.index(True), born.index(False)])]


def outcome_of(fates, **thresholds):
    knobs = dict(mvt=True, mvt_episodes=2, mvt_steps=8, mvt_min_alive_steps=0)
    config = ViabilityConfig(**knobs | thresholds)
    keys, fates = morning_and_evening(), jnp.array(fates, jnp.int32)
    outcome = viability(config, LIFE, keys, fates, Layout())
    failed = {name: int(n) for name, n in outcome.failed.items() if n}
    return outcome.passed.tolist(), failed, int(outcome.steps)


def test_without_thresholds_only_the_broken_fail():
    passed, failed, steps = outcome_of([IDLE, DIE, FEED, GAMBLE, BREAK])
    assert passed == [True, True, True, True, False]
    # NaN reaches no threshold, so it lacks energy as well.
    assert failed == {"not_finite": 1, "energy_gained": 1}
    # idle, feed and break 2 x 8 steps, die 2 x 2, gamble 2 and 8
    assert steps == 3 * 16 + 4 + 10


@pytest.mark.parametrize(
    "thresholds, fates, passed, failed",
    [
        (dict(mvt_min_alive_steps=3), [IDLE, DIE], [1, 0], {"alive_steps": 1}),
        (dict(mvt_min_alive_steps=2), [IDLE, DIE], [1, 1], {}),
        (
            dict(mvt_min_energy_gained=0.5),
            [IDLE, FEED, GAMBLE],
            [0, 1, 1],  # the gambler gained 0.25 twice, one morning
            {"energy_gained": 1},
        ),
        (
            dict(mvt_min_action_entropy=0.1),
            [FEED, FEED],
            [0, 0],
            {"action_entropy": 2},
        ),
        (  # each threshold was reached, but never both in one life
            dict(mvt_min_alive_steps=3, mvt_min_energy_gained=0.5),
            [FEED, GAMBLE],
            [1, 0],
            {"together": 1},
        ),
        (  # two reasons for one genome, and one of them for another
            dict(mvt_min_alive_steps=3, mvt_min_energy_gained=0.5),
            [DIE, IDLE],
            [0, 0],
            {"alive_steps": 1, "energy_gained": 2},
        ),
    ],
)
def test_reasons_are_counted(thresholds, fates, passed, failed):
    came = outcome_of(fates, **thresholds)
    assert came[0] == [bool(p) for p in passed] and came[1] == failed


def test_every_reason_has_a_name():
    keys, fates = morning_and_evening(), jnp.array([IDLE], jnp.int32)
    config = ViabilityConfig(mvt=True, mvt_steps=8)
    assert set(viability(config, LIFE, keys, fates, Layout()).failed) == set(REASONS)
