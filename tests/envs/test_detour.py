"""Detour (L1.3): a pocket before the feast, crumbs in the pocket, a way round.

A mouth of three rows, arms of two cells in the north and one in the south, height 7:

    . . . . . . . . . . .
    . . . . # # # . . . .
    . . . . . . # . . . .
    . a . . * * # . . f .     a is the agent, * the crumbs, f the feast
    . . . . . . # . . . .
    . . . . . # # . . . .
    . . . . . . . . . . .
"""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from koki2 import agents
from koki2.core.keys import episode_keys
from koki2.envs import detour, DetourConfig
from koki2.evolution import episode, evaluate_baseline, EvolutionConfig, rollout
from koki2.policies.moves import towards

STAY, UP, DOWN, LEFT, RIGHT = range(5)
CONFIG = DetourConfig(
    height=7,
    arm_min=1,
    arm_max=2,
    crumbs=2,
    energy_init=0.5,
    energy_decay=0.03125,
    crumb_gain=0.125,
    feast_gain=0.25,
)
ENV = detour(CONFIG)
STEP = jax.jit(ENV.step)


def being(position=(1, 3), feast=(9, 3)):
    state, _ = ENV.init(jax.random.key(0))
    return dataclasses.replace(
        state,
        position=jnp.array(position, jnp.int32),
        source=jnp.array([feast], jnp.int32),
        extra=dataclasses.replace(
            state.extra,
            top=jnp.int32(1),
            arm=jnp.array([2, 1], jnp.int32),
            row=jnp.int32(3),
        ),
    )


def walk(state, actions, care=None):
    path, gained, seen, feedback = [], [], None, None
    for i, action in enumerate(actions):
        state, seen, feedback = STEP(jax.random.key(i), state, jnp.int32(action), care)
        path.append(tuple(state.position.tolist()))
        gained.append(float(feedback.body.energy_gained))
    return path, gained, seen, feedback, state


def scripted(state, steps):
    """Where the competent policy goes, until it first reaches the feast."""
    memory, seen, path = ENV.competent.memory, walk(state, [STAY])[2], []
    for i in range(steps):
        key = jax.random.key(i)
        memory, action = ENV.competent.choose(key, memory, seen)
        state, seen, feedback = STEP(jax.random.clone(key), state, action)
        path.append(tuple(state.position.tolist()))
        if feedback.body.reached:
            break
    return path


def births(config, count=256):
    keys = jax.random.split(jax.random.key(1), count)
    return jax.jit(jax.vmap(detour(config).init))(keys)[0]


@functools.cache
def lives(policy):
    config = EvolutionConfig(env=DetourConfig())
    return evaluate_baseline(config, policy, eval_seed=0, episodes=64)


def test_the_map_is_the_one_drawn_above():
    wall = np.asarray(ENV.privileged_state(being()).wall)
    assert sorted(zip(*np.nonzero(wall.T), strict=True)) == [
        *[(4, 1), (5, 1), (5, 5)],
        *[(6, row) for row in range(1, 6)],
    ]
    assert wall.shape == (7, 11) == ENV.size[::-1]


def test_straight_ahead_crumbs_feed_once_each_and_then_the_way_is_shut():
    path, gained, seen, feedback, _ = walk(being(), [RIGHT] * 6)
    assert path == [(2, 3), (3, 3), (4, 3), (5, 3), (5, 3), (5, 3)]
    assert gained == [0, 0, 0.125, 0.125, 0, 0]
    assert not feedback.body.reached and seen[3:].tolist() == [0, 0, 0, 1]
    assert walk(being(), [RIGHT] * 4 + [LEFT, RIGHT])[1][4:] == [0, 0]


def test_the_gradient_points_through_the_wall_at_the_feast_and_not_at_crumbs():
    """4 of 10 columns east, 1 of 6 rows north."""
    seen = walk(being((5, 3), feast=(9, 2)), [STAY])[2]
    np.testing.assert_allclose(seen[:2], [4 / 10, -1 / 6], rtol=1e-6)


def test_an_arm_is_observed_from_the_inside_and_from_its_tip():
    assert walk(being((4, 2)), [STAY])[2][3:].tolist() == [1, 0, 0, 0]
    assert walk(being((3, 1)), [STAY])[2][3:].tolist() == [0, 0, 0, 1]


@pytest.mark.slow
def test_the_feast_feeds_counts_as_reached_and_lies_elsewhere_behind_the_pocket():
    _, gained, _, feedback, state = walk(being((8, 3)), [RIGHT])
    assert gained == [0.25] and feedback.body.reached
    assert float(state.energy) == 0.5 - 0.03125 + 0.25
    eat = jax.vmap(lambda key: ENV.step(key, being((8, 3)), jnp.int32(RIGHT))[0])
    places = eat(jax.random.split(jax.random.key(0), 512)).source[:, 0].tolist()
    assert set(map(tuple, places)) == {
        (x, y) for x in (8, 9, 10) for y in (2, 3, 4) if (x, y) != (9, 3)
    }


def test_the_competent_policy_feels_its_way_out_of_the_pocket_and_round_it():
    assert scripted(being(), 40) == [
        *[(2, 3), (3, 3), (4, 3), (5, 3)],  # in, to the end
        *[(5, 2), (4, 2), (3, 2)],  # along the end wall, and out under the arm
        *[(3, 1), (3, 0)],  # round its tip
        *[(x, 0) for x in range(4, 10)],  # over it, to the feast's column
        *[(9, 1), (9, 2), (9, 3)],
    ]


@pytest.mark.slow
def test_the_competent_policy_feeds_in_every_life_and_greedy_in_none():
    """41 steps on what one is born with, 16 more and 3.2 of fitness for the crumbs."""
    competent, greedy = lives("competent"), lives("greedy")
    assert np.all(competent["success"] == 1) and not np.any(greedy["success"])
    assert np.all(competent["t_alive"] == 128)
    assert np.all(greedy["t_alive"] == 57)
    np.testing.assert_allclose(greedy["fitness"], 57 + 10 * 4 * 0.08, rtol=1e-5)


@pytest.mark.slow
def test_a_reflex_that_turns_its_back_on_the_smell_feeds_in_every_life():
    """North to the edge, along it past the feast's column, then towards the feast."""

    def choose(key, memory, seen):
        del key
        past = towards(seen[0], jnp.where(seen[0] == 0, seen[1], 0.0))
        along = jnp.where(seen[3] > 0, RIGHT, UP)
        return memory, jnp.where(seen[0] > 0, along, past).astype(jnp.int32)

    life = episode(detour(), agents.policy(None, choose))
    stats = rollout(life, episode_keys(0, 64), None)
    assert np.all(stats.success) and np.all(np.asarray(stats.t_alive) == 128)


@pytest.mark.slow
def test_random_does_worse_than_competent_and_competent_than_the_planner():
    worth = {
        p: np.mean(lives(p)["fitness"]) for p in ("random", "competent", "planner")
    }
    assert worth["random"] < 45 < 300 < worth["competent"] < worth["planner"]


def test_every_life_starts_before_an_open_mouth_and_has_a_way_round_both_arms():
    config = DetourConfig()
    state = births(config)
    x, y = np.asarray(state.position).T
    top, feast = np.asarray(state.extra.top), np.asarray(state.source)[:, 0]
    assert set(x.tolist()) == {0, 1, 2}
    assert set((y - top).tolist()) == {1, 2, 3} == set((feast[:, 1] - top).tolist())
    assert set(top.tolist()) == {1, 2, 3, 4, 5}  # its other arm in row 9 of 11, at most
    assert set(np.asarray(state.extra.arm).ravel().tolist()) == {3, 4, 5, 6}
    assert set(feast[:, 0].tolist()) == {12, 13, 14} and config.end == 10


def test_without_food_one_starves_before_the_clock():
    """16 steps of 1/32 from half a store."""
    assert not walk(being(), [STAY] * 15)[3].terminated
    feedback = walk(being(), [STAY] * 16)[3]
    assert feedback.terminated and not feedback.truncated


def test_the_truth_tells_crumbs_from_the_feast_and_which_are_left():
    truth = ENV.privileged_state(walk(being(), [RIGHT] * 3)[4])
    assert truth.source.tolist() == [[5, 3], [4, 3], [9, 3]]
    assert truth.active.tolist() == [True, False, True]
    assert [ENV.kinds[k] for k in truth.kind.tolist()] == ["crumb", "crumb", "feast"]


@pytest.mark.parametrize(
    "knobs, message",
    [
        ({"height": 6, "mouth": 3}, "height must be at least mouth . 4"),
        ({"arm_min": 7}, "arm_min must not exceed arm_max"),
        ({"crumbs": 7}, "crumbs must not exceed arm_max"),
    ],
)
def test_a_pocket_that_does_not_fit_is_refused(knobs, message):
    with pytest.raises(ValueError, match=message):
        DetourConfig(**knobs)
