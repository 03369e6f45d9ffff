"""One life: which keys it uses, and what it adds up to."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from koki2.agents import stay, walker
from koki2.envs import chemotaxis, ChemotaxisConfig
from koki2.evolution import episode, run_episode

STEPS = 6


def test_the_keys_of_a_life_are_those_of_the_contract(key):
    """birth, life = split(key); at step t: act, world = split(fold_in(life, t))."""
    env = chemotaxis(ChemotaxisConfig(width=5, height=5, steps=STEPS, obs_noise=0.1))
    end = run_episode(jax.random.clone(key), episode(env, walker()), None)
    key_birth, key_life = jax.random.split(key)
    state, _ = env.init(key_birth)
    taken = []
    for t in range(STEPS):
        key_t = jax.random.fold_in(jax.random.clone(key_life), t)
        key_act, key_world = jax.random.split(key_t)
        action = jax.random.randint(key_act, (), 0, 5)
        state, observation, _ = env.step(key_world, state, action)
        taken.append(int(action))
    assert end.world.position.tolist() == state.position.tolist()
    np.testing.assert_allclose(end.observation, observation, rtol=1e-5, atol=1e-6)
    counts = np.bincount(taken, minlength=5)
    assert end.stats.actions.tolist() == counts.tolist()


@pytest.mark.parametrize(
    "decay, lived, alive", [(0.25, 4, False), (0.1, STEPS, False), (0.0, STEPS, False)]
)
def test_the_step_that_kills_is_the_last_that_counts(key, decay, lived, alive):
    """A store of 1 that loses a quarter a step is empty after four."""
    env = chemotaxis(ChemotaxisConfig(steps=STEPS, energy_decay=decay, num_sources=4))
    stats = run_episode(key, episode(env, stay()), None).stats
    assert (int(stats.t_alive), bool(stats.alive)) == (lived, alive)
    assert stats.actions.tolist() == [lived, 0, 0, 0, 0]


def test_after_death_nothing_is_counted(key):
    """Two cells, both good: each step of this walker arrives, until it starves."""
    env = chemotaxis(
        ChemotaxisConfig(width=2, energy_decay=0.5, energy_gain=0.25, num_sources=8)
    )
    state, _ = env.init(jax.random.split(jax.random.clone(key))[0])
    assert {x for x, _ in state.source.tolist()} == {0, 1}, "one source a cell at least"
    stats = run_episode(key, episode(env, walker()), None).stats
    lived = int(stats.t_alive)
    assert lived < 128 and int(jnp.sum(stats.actions)) == lived
    assert int(stats.events) <= lived and bool(stats.success)
