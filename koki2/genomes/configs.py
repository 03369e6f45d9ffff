"""Settings of inheritance: which encoding, and how children differ from parents.

Imports no JAX, so that `--help` answers at once.
"""

import dataclasses
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le

from koki2.core.configs import check, Named
from koki2.genomes.catalogue import GENOMES


@dataclasses.dataclass(frozen=True, kw_only=True)
class GenomeConfig:
    """How genes become an agent; cppn_* counts only with a CPPN. Static."""

    encoding: Annotated[str, Named(GENOMES)] = "direct"
    """direct: one gene per number of a newborn. cppn: rules that grow the numbers from
    coordinates. Or one that was registered."""
    cppn_hidden: Annotated[int, Ge(3), Le(1024)] = 8
    """Units in a hidden layer of the rules; a third each of sin, tanh and bump."""
    cppn_layers: Annotated[int, Ge(1), Le(16)] = 2
    """Hidden layers between a neuron's coordinates and its identity."""
    cppn_identity: Annotated[int, Ge(1), Le(256)] = 4
    """Numbers in the identity of a neuron."""
    cppn_candidates: Literal["nearest", "random"] = "nearest"
    """Which synapses may grow: to the nearest neighbours, or drawn by the seed."""
    cppn_gain: Annotated[float, Gt(0)] = 2.0
    """Gain of every sum before the heads: the larger, the finer the patterns."""
    cppn_weight_scale: Annotated[float, Gt(0)] = 1.0
    """Size of the numbers that are grown, in units of a head's output."""
    cppn_init_scale: Annotated[float, Gt(0)] = 1.0
    """Standard deviation of a gene of the CPPN at the start of a search."""

    def __post_init__(self) -> None:
        check(self)
        GENOMES.find(self.encoding)


@dataclasses.dataclass(frozen=True, kw_only=True)
class GroupMutation:
    """How one group of genes mutates. Static."""

    sigma: Annotated[float, Ge(0)] = 0.1
    """Standard deviation of the noise, in genome units."""
    rate: Annotated[float, Ge(0), Le(1)] = 1.0
    """Chance that a child's group mutates at all."""

    def __post_init__(self) -> None:
        check(self)


@dataclasses.dataclass(frozen=True, kw_only=True)
class MutationConfig:
    """How a child differs from its parent. Static."""

    others: GroupMutation = GroupMutation()
    """Of every group that is not named."""
    groups: tuple[tuple[str, GroupMutation], ...] = ()
    """Of single groups, by name, as `genomes.groups` lists them."""

    def __post_init__(self) -> None:
        names = [name for name, _ in self.groups]
        if len(set(names)) < len(names):
            raise ValueError(
                "MutationConfig.groups must name each group once, "
                f"got {', '.join(names)}."
            )
