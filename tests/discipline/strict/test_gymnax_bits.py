"""Under the strict flags a life in a gymnax world is the same alone and in lanes."""

import functools

import jax
import numpy as np
import pytest
import tiny
from bits import assert_same_bits
from lanes_of_tests import mostly_slow

from koki2 import agents, envs
from koki2.core.keys import episode_keys
from koki2.evolution import EvolutionConfig, rollout, run_episode

pytest.importorskip("gymnax")


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", mostly_slow(["CartPole-v1", "Acrobot-v1"], "CartPole-v1")
)
def test_a_life_in_lanes_is_that_life_alone(name):
    config = EvolutionConfig(
        env=envs.GymnaxConfig(name=name, steps=8),
        agent=agents.AgentConfig(n_neurons=8, k_edges=2),
    )
    parts = tiny.task(config, 0)
    keys = functools.partial(episode_keys, 5, 2)
    draw = lambda key: parts.genome.develop(
        jax.random.key(0), 10 * parts.genome.init(key)
    )
    params = jax.vmap(draw)(jax.random.split(jax.random.key(1), 9))
    together = jax.jit(lambda k: rollout(parts.episode, k, params, keep="state"))(
        keys()
    )
    alone = jax.jit(lambda key, params: run_episode(key, parts.episode, params))
    for genome, episode in ((0, 0), (8, 1)):
        one = alone(keys()[episode], jax.tree.map(lambda x, g=genome: x[g], params))
        at = lambda x, g=genome, e=episode: x[g, e]
        assert_same_bits(jax.tree.map(at, together.stats), one.stats)
        assert np.asarray(one.stats.t_alive) == 8
        assert_same_bits(jax.tree.map(at, together.world), one.world)
