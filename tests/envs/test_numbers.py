"""Numbers of worlds as data: what may be traced, and that it changes no bit."""

import dataclasses

import jax
import numpy as np
import pytest
from lanes_of_tests import mostly_slow

from koki2 import envs
from koki2.core.numbers import numbers, shape, with_numbers
from koki2.envs.registry import LEVELS
from koki2.evolution.task import baseline

LEVEL_OF = {level.config.world: name for name, level in LEVELS.items()}
OURS = [LEVEL_OF[world] for world in sorted(LEVEL_OF)]


def lives(env):
    """Figures of two episodes of an agent that takes every action."""
    walk = baseline(env, "random")

    def one(key):
        world, observation, key_life = walk.reset(key)
        start = walk.start(world, observation, None)
        step = lambda now, t: (walk.step(key_life, t, None, now), None)
        end, _ = jax.lax.scan(step, start, np.arange(walk.steps, dtype=np.int32))
        return end.stats, end.observation

    return jax.vmap(one)(jax.random.split(jax.random.key(0), 2))


def other(config):
    """The same config with every number that is data changed."""
    moved = lambda value: (
        int(value) + 1 if value.dtype == np.int32 else float(value) * 0.875
    )
    changed = {name: moved(value) for name, value in numbers(config).items()}
    return dataclasses.replace(config, **changed)


@pytest.mark.parametrize("level", OURS)
def test_no_world_asks_for_the_value_of_a_number_that_is_data(level):
    config = LEVELS[level].config
    run = lambda values: lives(envs.make(with_numbers(config, values)))
    jax.eval_shape(run, numbers(config))  # raises where it does
    assert {"energy_decay", "decay_min"} & numbers(config).keys()


@pytest.mark.parametrize(
    "level", mostly_slow(OURS, "chemotaxis-l1.1-seed", "moving-needs-l4.2")
)
def test_numbers_as_data_give_the_bits_that_constants_give(level):
    config = LEVELS[level].config
    run = jax.jit(lambda values: lives(envs.make(with_numbers(config, values))))
    changed = other(config)
    assert shape(changed) == shape(config) and changed != config
    for each in (config, changed):
        constant = jax.jit(lambda each=each: lives(envs.make(each)))()
        jax.tree.map(np.testing.assert_array_equal, run(numbers(each)), constant)
