"""An agent of your own: it has no memory; an action is as likely as its score says.

koki2 evo chemotaxis-l0.2 --agent docs/add_your_own/my_agent.py:reflex
"""

import jax
import jax.numpy as jnp

from koki2.agents import Agent, AgentConfig
from koki2.agents.catalogue import AgentFamily
from koki2.agents.topology import Topology

Weights = dict[str, jax.Array]


def make(config: AgentConfig, topology: Topology, steps: int) -> Agent:
    """Builds the agent. It has no synapses, so it reads neither of the three."""

    def act(
        key: jax.Array, params: Weights, state: tuple[()], observation: jax.Array
    ) -> tuple[tuple[()], jax.Array]:
        scores = jnp.sum(params["w"] * observation[:, None], axis=0) + params["b"]
        return state, jax.random.categorical(key, scores).astype(jnp.int32)

    return Agent(init=lambda params: (), act=act, learn=None)


def shapes(
    config: AgentConfig, observation_size: int, num_actions: int
) -> dict[str, tuple[str, ...]]:
    """Says which arrays a newborn needs: O numbers observed, A actions."""
    return {"w": ("O", "A"), "b": ("A",)}


reflex = AgentFamily(make, shapes)
