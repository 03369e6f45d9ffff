"""Every blind policy of a world, all in one program: what an agent must beat first.

A policy that sees nothing is a schedule of actions, so that one agent, which does what
its parameters say, lives the episodes of all of them.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int

from koki2 import agents
from koki2.core.devices import moves_data
from koki2.core.keys import episode_keys
from koki2.core.numbers import Numbers
from koki2.envs.base import AnyEnv
from koki2.evolution.configs import FitnessConfig
from koki2.evolution.episode import episode
from koki2.evolution.figures import report
from koki2.evolution.heldout import Figures
from koki2.evolution.rollout import Layout, rollout
from koki2.evolution.task import blind_policies

BlindLivesOf = Callable[[Numbers, int, int], dict[str, Figures]]
"""(numbers of the world, eval_seed, episodes) -> figures by policy, each [E]."""


def schedules(env: AnyEnv) -> dict[str, np.ndarray]:
    """The actions of every blind policy of a world, by name, int32 [T].

    Example:
      >>> from koki2 import envs
      >>> schedules(envs.chemotaxis())["left"][:4].tolist()
      [3, 3, 3, 3]
    """
    found, key, dark = {}, jax.random.key(0), jnp.zeros(env.observation_size)
    for name, policy in blind_policies(env).items():
        one = lambda memory, _, choose=policy.choose: choose(key, memory, dark)
        actions = jax.lax.scan(one, policy.memory, length=env.steps)[1]
        found[name] = np.asarray(actions)
    return found


def blind_lives(
    make: Callable[[Numbers], AnyEnv],
    fitness: FitnessConfig,
    *,
    layout: Layout | None = None,
) -> BlindLivesOf:
    """Builds the held-out evaluation of all blind policies; compiled once.

    Args:
      make: numbers of the world, which may be traced -> the world.
      fitness: worth of what is reported.
      layout: of the episodes.
    """

    def lives(numbers: Numbers, keys: Array, actions: Int[Array, "P T"]) -> Any:
        timed = episode(make(numbers), agents.timed())
        stats = rollout(timed, keys, actions, layout=layout)
        return jax.vmap(jax.vmap(lambda one: report(fitness, one)))(stats)

    compiled = jax.jit(lives)

    @moves_data
    def evaluate(numbers: Numbers, eval_seed: int, episodes: int) -> dict[str, Figures]:
        actions = schedules(make(numbers))
        numbers = jax.tree.map(jnp.asarray, numbers)
        table = jnp.asarray(np.stack([*actions.values()]))
        found = jax.device_get(
            compiled(numbers, episode_keys(eval_seed, episodes), table)
        )
        return {
            policy: {name: values[i] for name, values in found.items()}
            for i, policy in enumerate(actions)
        }

    return evaluate
