"""Readout: from what the neurons do to an action.

    first    argmax r, the first of equals
    random   argmax r, one of equals at random
    softmax  a with probability proportional to exp(r_a / temperature)

where r = activity W_motor + b_motor, and activity is that of one network step, or the
sum over several (`AgentConfig.ticks`): a population code, in which counts of spikes
grade the choice. What draws folds a constant into the key of `Agent.act`, so that no
other draw depends on it.

Source: Tang et al., "Deep reinforcement learning with population-coded spiking neural
network for continuous control", 2020, for sums of spikes over steps.
"""

import itertools
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from koki2.agents.configs import AgentConfig
from koki2.core.keys import FIRST
from koki2.core.types import Key

CHOICE = FIRST  # folded into the key of an act

Choose = Callable[[Key, Float[Array, " A"]], Int[Array, ""]]


def chooser(config: AgentConfig) -> Choose:
    """Builds (key, readout) -> action; "first" uses no key.

    Example:
      >>> choose = chooser(AgentConfig(choice="random"))
      >>> keys = jax.random.split(jax.random.key(0), 20)
      >>> sorted({int(choose(key, jnp.array([1.0, 0.0, 1.0]))) for key in keys})
      [0, 2]
    """
    return {"first": _first, "random": _random, "softmax": _softmax(config)}[
        config.choice
    ]


def _first(key: Key, readout: Float[Array, " A"]) -> Int[Array, ""]:
    return jnp.argmax(readout)


def _random(key: Key, readout: Float[Array, " A"]) -> Int[Array, ""]:
    ties = (readout == jnp.max(readout)).astype(jnp.float32)
    return _draw(key, ties)


def _softmax(config: AgentConfig) -> Choose:
    temperature = config.temperature

    def choose(key: Key, readout: Float[Array, " A"]) -> Int[Array, ""]:
        return _draw(key, jnp.exp((readout - jnp.max(readout)) / temperature))

    return choose


def _draw(key: Key, weight: Float[Array, " A"]) -> Int[Array, ""]:
    """Draws an action with probability proportional to its weight, by one number: the
    first whose cumulative weight is above that share of all. Never one of weight 0."""
    share = jax.random.uniform(jax.random.fold_in(key, CHOICE))
    each = (weight[i] for i in range(weight.shape[0]))
    upto = jnp.stack(list(itertools.accumulate(each)))
    return jnp.argmax((upto > share * upto[-1]).astype(jnp.int32))
