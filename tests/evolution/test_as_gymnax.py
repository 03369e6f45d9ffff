"""koki2's worlds, lived in by code written for gymnax."""

import dataclasses
import functools
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from bits import assert_same_bits

from koki2 import agents, envs
from koki2.envs.gymnax_world import ordinary_promotion
from koki2.evolution import episode, run_episode
from koki2.evolution.as_gymnax import _form, as_gymnax, REWARD
from koki2.evolution.configs import FitnessConfig
from koki2.evolution.figures import fitness

gymnax = pytest.importorskip("gymnax")
WORLD = envs.chemotaxis(
    envs.ChemotaxisConfig(
        width=3,
        num_sources=2,
        num_bad_sources=1,
        bad_source_integrity_loss=0.4,
        steps=6,
    )
)


@functools.cache
def env():
    return as_gymnax(WORLD)


def test_it_is_an_environment_of_gymnax(key):
    from gymnax.environments import environment, spaces

    named = as_gymnax("chemotaxis-l0.2")
    assert isinstance(named, environment.Environment)
    assert named.name == "chemotaxis-l0.2" and named.num_actions == 5
    assert named.default_params.max_steps_in_episode == 128
    actions = named.action_space(named.default_params)
    assert isinstance(actions, spaces.Discrete) and actions.n == 5
    observation, _ = named.reset(key)
    seen = named.observation_space(named.default_params)
    assert observation.shape == seen.shape == (4,) and seen.contains(observation)


def test_it_pays_by_default_what_evolution_counts():
    assert dataclasses.asdict(FitnessConfig()).items() >= REWARD.items()


def test_a_life_is_that_of_the_world_itself_for_the_same_keys(key):
    """`step_env` hands its key on; `step` does so with the first half."""
    key_birth, key_step = jax.random.split(key)
    params, again = env().default_params, jax.random.clone
    observation, state = env().reset(again(key_birth), params)
    world, first = WORLD.init(key_birth)
    assert_same_bits((observation, state.world), (first, world))
    for action in (4, 3, 3):
        half, _ = jax.random.split(again(key_step))
        seen, state, _, terminated, truncated, _ = env().step(
            again(key_step), state, jnp.int32(action), params
        )
        world, expected, feedback = WORLD.step(half, world, jnp.int32(action))
        assert not feedback.terminated and not feedback.truncated
        np.testing.assert_allclose(seen, expected, rtol=1e-6)
        assert_same_bits(state.world.position, world.position)
        assert (terminated, truncated) == (feedback.terminated, feedback.truncated)


def test_the_rewards_of_a_life_add_up_to_its_fitness():
    """2 a step alive, 3 a unit of energy, 5 once; for whatever is lived."""
    pays = FitnessConfig(fitness_alpha=2.0, fitness_beta=3.0, success_bonus=5.0)
    ours = as_gymnax(WORLD, **{name: getattr(pays, name) for name in REWARD})
    life = episode(WORLD, agents.walker(WORLD.num_actions))

    @jax.jit
    def both(key):
        stats = run_episode(key, life, None).stats
        key_birth, key_life = jax.random.split(jax.random.clone(key))
        _, state = ours.reset_env(key_birth, ours.default_params)

        def step(carry, t):
            state, going = carry
            keys = jax.random.split(jax.random.fold_in(key_life, t))
            action = agents.walker(5).act(keys[0], None, None, None)[1]
            _, state, reward, terminated, _ = ours.step_env(
                keys[1], state, action, ours.default_params
            )
            pay = jnp.where(going, reward, 0.0)
            return (state, going & ~terminated), pay

        times = jnp.arange(WORLD.steps)
        _, paid = jax.lax.scan(step, (state, jnp.array(True)), times)
        return fitness(pays, stats), jnp.sum(paid), stats.success

    found = [both(key) for key in jax.random.split(jax.random.key(3), 8)]
    worth, paid, success = map(np.array, zip(*found, strict=True))
    assert 0 < np.sum(success) < 8
    np.testing.assert_allclose(paid, worth, rtol=1e-6)


def test_the_end_of_a_life_begins_another():
    """Six steps a life, four worlds: over 15 steps each is reset after 6 and 12."""
    params = env().default_params

    @jax.jit
    def play(keys):
        _, state = jax.vmap(env().reset, in_axes=(0, None))(keys, params)

        def step(state, t):
            fold = jax.vmap(lambda k: jax.random.fold_in(k, t))
            stay = jnp.zeros(4, jnp.int32)
            seen, state, _, terminated, truncated, info = jax.vmap(
                env().step, in_axes=(0, 0, 0, None)
            )(fold(keys), state, stay, params)
            last = info["final_observation"]
            return state, (state.time, terminated, truncated, seen, last)

        return jax.lax.scan(step, state, jnp.arange(15))[1]

    time, terminated, truncated, seen, last = jax.device_get(
        play(jax.random.split(jax.random.key(0), 4))
    )
    # decay is 1 / 6: the store is empty as the clock runs out
    assert np.flatnonzero(truncated.all(1)).tolist() == [5, 11]
    assert np.flatnonzero(terminated.any(1)).tolist() == [5, 11]
    assert time[:, 0].tolist() == [1, 2, 3, 4, 5, 0] * 2 + [1, 2, 3]
    np.testing.assert_allclose(last[5, :, 2], 0.0, atol=1e-6)  # energy, starved
    assert (seen[5, :, 2] == 1.0).all()  # and of the newborn


def test_a_life_may_be_made_shorter_but_not_longer(key):
    from gymnax.environments.environment import EnvParams

    _, state = env().reset(key, EnvParams(max_steps_in_episode=2))
    at = lambda t: dataclasses.replace(state, time=jnp.int32(t))
    ends = lambda t, last: bool(env().is_truncated(at(t), EnvParams(last)))
    assert [ends(1, 2), ends(2, 2), ends(5, 99), ends(6, 99)] == [0, 1, 0, 1]


@pytest.mark.slow
def test_the_random_rollout_of_gymnax_runs_in_it():
    from gymnax.experimental.rollout import RolloutWrapper

    roll = RolloutWrapper(env=env())
    keys = jax.random.split(jax.random.key(0), 4)
    with ordinary_promotion(), jax.debug_key_reuse(False):
        seen, _, reward, _, done, total = roll.batch_rollout(keys, None)
    assert seen.shape == (4, 6, 4) and reward.shape == (4, 6)
    assert np.all(np.any(done, axis=1)) and np.all(total >= 1)


def test_without_gymnax_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "gymnax", None)
    _form.cache_clear()
    with pytest.raises(ValueError, match=r"pip install 'koki2\[gymnax\]'"):
        as_gymnax(WORLD)
