"""The catalogue: every family of agents by name.

Imports no JAX, so that a config can check a name without it: what makes agents is
imported when one is made.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from koki2.core.configs import AS_MARKED
from koki2.core.registry import entry_of, load, Registry

Axes = tuple[str | int, ...]
"""The axes of an array: N per neuron, S per synapse, O per number observed, A per
action, or a number where the size is the same for every agent."""


class AgentFamily(NamedTuple):
    """A family of agents: how one is made, and what a newborn needs."""

    make: Callable[..., Any]
    """(AgentConfig, Topology, steps) -> Agent."""
    shapes: Callable[..., Mapping[str, Axes]]
    """(AgentConfig, observation_size, num_actions) -> axes of every array, by name."""
    params: Callable[[dict[str, Any]], Any] = dict
    """Arrays by name -> the agent's `Params`. Beside those of `shapes`, a genome that
    chooses synapses gives `mask`: 0 or 1 per candidate synapse."""
    reads: tuple[str, ...] | None = None
    """The fields of `AgentConfig` that it reads, or `AS_MARKED`; None: all."""
    charges: Callable[..., bool] = lambda config: True
    """(AgentConfig) -> whether its working may cost fitness."""
    learns: Callable[..., bool] = lambda config: True
    """(AgentConfig) -> whether it may learn within an episode."""
    version: int = 1
    """Rises when the same genome and key would give a different episode."""


AGENTS: Registry[AgentFamily] = Registry(
    "agent", "koki2.agents", accept=entry_of(AgentFamily, wraps=False)
)
"""Every family; installed packages add theirs as entry points koki2.agents."""


def register_agent(
    name: str,
    factory: Callable[..., Any],
    *,
    shapes: Callable[..., Mapping[str, Axes]],
    params: Callable[[dict[str, Any]], Any] = dict,
    reads: tuple[str, ...] | None = None,
    charges: Callable[..., bool] = lambda config: True,
    learns: Callable[..., bool] = lambda config: True,
    version: int = 1,
    replace: bool = False,
) -> None:
    """Registers a family of agents, so that `AgentConfig(agent=name)` finds it.

    Of `AgentConfig` it may read what it likes; every genome can give birth to it.

    Args:
      name: what configs and command lines call it.
      factory: (AgentConfig, Topology, steps) -> Agent.
      shapes: (AgentConfig, observation_size, num_actions) -> `Axes` of every array
        that a newborn needs, by name.
      params: arrays by name -> what `Agent.init` takes; by default the dict itself.
      reads: the fields of `AgentConfig` that it reads; None: all.
      charges: (AgentConfig) -> whether its working may cost fitness.
      learns: (AgentConfig) -> whether it may learn within an episode.
      version: rises when the same genome and key would give a different episode; a
        run's manifest keeps it.
      replace: let it take the place of a family of that name.

    Raises:
      ValueError: the name is taken, unless `replace`.

    Example:
      >>> import jax.numpy as jnp
      >>> from koki2.agents import Agent, AgentConfig, parameter_shapes
      >>> def reflex(config, topology, steps):
      ...     act = lambda key, params, state, observation: (
      ...         state, jnp.argmax(observation @ params["w"]).astype(jnp.int32))
      ...     return Agent(init=lambda params: (), act=act, learn=None)
      >>> register_agent("reflex", reflex, shapes=lambda *_: {"w": ("O", "A")})
      >>> parameter_shapes(AgentConfig(agent="reflex"), 4, 5)
      {'w': (4, 5)}
      >>> AGENTS.remove("reflex")
    """
    family = AgentFamily(factory, shapes, params, reads, charges, learns, version)
    AGENTS.register(name, family, replace=replace)


def _recurrent(config: object, topology: object, steps: int) -> Any:
    return load("koki2.agents.recurrent:recurrent")(config, topology, steps)


def _recurrent_axes(config: object, observation_size: int, num_actions: int) -> Any:
    return load("koki2.agents.params:recurrent_axes")(config)


def _recurrent_params(arrays: dict[str, Any]) -> Any:
    return load("koki2.agents.params:AgentParams")(**arrays)


register_agent(
    "recurrent",
    _recurrent,
    shapes=_recurrent_axes,
    params=_recurrent_params,
    reads=AS_MARKED,
    charges=lambda config: config.strain == "soft",
    learns=lambda config: config.plast_enabled,
    version=2,  # 2: weights that learn are within W_LIMIT from birth on
)
