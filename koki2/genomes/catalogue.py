"""The catalogue: every encoding of genomes by name.

Imports no JAX, so that a config can check a name without it: what makes genomes is
imported when one is made.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from koki2.core.registry import entry_of, load, Registry

GenomeFactory = Callable[..., Any]
"""(GenomeConfig, AgentConfig, observation_size, num_actions, Topology) -> Genome."""


class GenomeEntry(NamedTuple):
    """An encoding as it is registered."""

    make: GenomeFactory
    wiring: Callable[..., Any] | None = None
    """(GenomeConfig, AgentConfig, seed) -> the `Topology` of the synapses that may
    exist; None draws `k_edges` targets per neuron by the seed."""
    reads: tuple[str, ...] | None = None
    """The fields of `GenomeConfig` that it reads; None: all."""
    draws_wiring: Callable[..., bool] = lambda config: True
    """(GenomeConfig) -> whether the seed of the wiring may count."""


GENOMES: Registry[GenomeEntry] = Registry(
    "encoding", "koki2.genomes", accept=entry_of(GenomeEntry)
)
"""Every encoding; installed packages add theirs as entry points koki2.genomes."""


def register_genome(
    name: str,
    factory: GenomeFactory,
    *,
    wiring: Callable[..., Any] | None = None,
    reads: tuple[str, ...] | None = None,
    draws_wiring: Callable[..., bool] = lambda config: True,
    replace: bool = False,
) -> None:
    """Registers an encoding, so that `GenomeConfig(encoding=name)` finds it.

    Args:
      name: what configs and command lines call it.
      factory: (GenomeConfig, AgentConfig, observation_size, num_actions, topology) ->
        Genome.
      wiring: (GenomeConfig, AgentConfig, seed) -> topology, where the encoding chooses
        the synapses that may exist; by default they are drawn by the seed.
      reads: the fields of `GenomeConfig` that it reads; None: all.
      draws_wiring: (GenomeConfig) -> whether the seed of the wiring may count.
      replace: let it take the place of an encoding of that name.

    Raises:
      ValueError: the name is taken, unless `replace`.

    Example:
      >>> from koki2.agents import AgentConfig
      >>> from koki2.genomes import direct, GenomeConfig, make, wiring as wiring_of
      >>> def zeros(config, agent, observation_size, num_actions, topology):
      ...     genome = direct(agent, observation_size, num_actions)
      ...     return genome._replace(init=lambda key: 0.0 * genome.init(key))
      >>> register_genome("zeros", zeros)
      >>> config, agent = GenomeConfig(encoding="zeros"), AgentConfig()
      >>> make(config, agent, 4, 5, wiring_of(config, agent, seed=0)).size
      581
      >>> GENOMES.remove("zeros")
    """
    entry = GenomeEntry(factory, wiring, reads, draws_wiring)
    GENOMES.register(name, entry, replace=replace)


def _direct(
    config: object,
    agent: object,
    observation_size: int,
    num_actions: int,
    topology: object,
) -> Any:
    return load("koki2.genomes.direct:direct")(agent, observation_size, num_actions)


def _cppn(
    config: object,
    agent: object,
    observation_size: int,
    num_actions: int,
    topology: object,
) -> Any:
    make = load("koki2.genomes.cppn:cppn")
    return make(config, agent, observation_size, num_actions, topology)


def _cppn_wiring(config: object, agent: object, seed: int) -> Any:
    return load("koki2.genomes.candidates:candidates")(config, agent, seed)


register_genome("direct", _direct, reads=())
register_genome(
    "cppn",
    _cppn,
    wiring=_cppn_wiring,
    draws_wiring=lambda config: config.cppn_candidates == "random",
)
