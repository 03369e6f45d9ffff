"""What every world promises. A new world is tested by entering `envs.LEVELS`."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from bits import assert_same_bits, leaves, types

from koki2 import envs

WORLDS = [*sorted(envs.LEVELS), "gymnax:CartPole-v1"]
UNOPTIMISED = {"xla_backend_optimization_level": 0}  # compiles faster


@functools.cache
def parts(name):
    """A world, and a whole life of random moves in it, compiled once."""
    if name not in envs.LEVELS:
        pytest.importorskip("gymnax")
    env = envs.make(envs.find(name).config)

    def step(state, t_key):
        key_act, key_world = jax.random.split(t_key)
        action = jax.random.randint(key_act, (), 0, env.num_actions)
        state, observation, feedback = env.step(key_world, state, action)
        return state, (state, observation, feedback)

    def play(key):
        key_birth, key_life = jax.random.split(key)
        birth = env.init(key_birth)
        keys = jax.random.split(key_life, env.steps)
        return birth, jax.lax.scan(step, birth[0], keys)[1]

    return env, jax.jit(play, compiler_options=UNOPTIMISED)


@pytest.fixture(params=WORLDS)
def world(request):
    return parts(request.param)


def test_same_key_same_life_and_another_key_another(world, key):
    _, play = world
    first, again = play(key), play(jax.random.clone(key))
    assert_same_bits(first, again)
    other = play(jax.random.key(1))
    with pytest.raises(AssertionError):
        assert_same_bits(first[0][0], other[0][0])


def test_numbers_stay_finite_and_needs_between_empty_and_full(world, key):
    _, play = world
    birth, (states, observations, feedback) = play(key)
    for path, leaf in leaves((birth, states, observations, feedback)).items():
        assert np.all(np.isfinite(leaf)), path
    if feedback.body is not None:
        assert np.all((0 <= feedback.body.integrity) & (feedback.body.integrity <= 1))


def test_the_clock_alone_truncates_and_at_its_hour(world, key):
    env, play = world
    feedback = play(key)[1][2]
    assert np.flatnonzero(feedback.truncated).tolist() == [env.steps - 1]


def test_observation_and_actions_are_of_the_size_they_say(world, key):
    env, play = world
    (state, first), (_, later, _) = play(key)
    assert first.shape == (env.observation_size,) and first.dtype == jnp.float32
    assert later.shape == (env.steps, env.observation_size)


def test_what_is_revealed_fits_together(world, key):
    env, play = world
    if not envs.has_map(env):
        return
    states = play(key)[1][0]
    truth = jax.vmap(env.privileged_state)(states)
    steps, sources, _ = truth.source.shape
    assert truth.worth.shape == truth.active.shape == (steps, sources)
    assert truth.needs.shape == (steps, len(env.needs))
    assert np.all((0 <= truth.needs) & (truth.needs <= 1))
    width, height = env.size
    for places in (truth.position, truth.source.reshape(-1, 2)):
        assert np.all((0 <= places) & (places < np.array([[width, height]])))
    for map_ in (truth.wall, truth.danger):
        assert map_ is None or map_.shape == (steps, height, width)
    if truth.wall is not None:  # nobody stands in one
        x, y = np.asarray(truth.position).T
        assert not np.any(np.asarray(truth.wall)[np.arange(steps), y, x])


def test_a_step_keeps_every_type_and_is_compiled_once(world, key):
    env, _ = world
    step = jax.jit(env.step, compiler_options=UNOPTIMISED)
    key_birth, *key_steps = jax.random.split(key, 4)
    state, _ = env.init(key_birth)
    kept = types(state)
    assert not any(weak for _, _, weak in kept)
    for key_step in key_steps:
        state = step(key_step, state, jnp.int32(1))[0]
        assert types(state) == kept
    assert step._cache_size() == 1


def test_jit_agrees_with_eager(world, key):
    """Within a rounding; bit for bit under the strict flags."""
    env, _ = world
    key_birth, key_step = jax.random.split(key)
    state, _ = env.init(key_birth)
    last = jnp.int32(env.num_actions - 1)
    args = lambda: (jax.random.clone(key_step), state, last)
    close = functools.partial(np.testing.assert_allclose, rtol=1e-6, atol=1e-7)
    jax.tree.map(close, env.step(*args()), jax.jit(env.step)(*args()))
