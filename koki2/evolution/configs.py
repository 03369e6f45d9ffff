"""The knobs of evolution: fitness, viability, the loop. Imports no JAX."""

import dataclasses
import functools
from typing import Annotated, Any

from annotated_types import Ge, Le

from koki2.agents.configs import AgentConfig
from koki2.core.configs import check
from koki2.envs.configs import ChemotaxisConfig
from koki2.search.configs import SearchConfig

POLICIES = ("greedy", "competent", "random", "stay", "oracle")
"""The baselines: what lives without a genome. `evolution.task` makes them."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class FitnessConfig:
    """Fitness of a life: alpha * steps alive + beta * energy gained + bonus."""

    fitness_alpha: float = 1.0
    """Worth of a step alive."""
    fitness_beta: float = 10.0
    """Worth of a unit of energy gained."""
    success_bonus: float = 50.0
    """Worth of ever having stood on a good source."""

    def __post_init__(self):
        check(self)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ViabilityConfig:
    """The minimal viability test: a short life first, the full ones if it passes."""

    mvt: bool = False
    """Test viability first; what fails is not evaluated further."""
    mvt_episodes: Annotated[int, Ge(1)] = 2
    """Short lives per genome; one that meets every threshold is enough."""
    mvt_steps: Annotated[int, Ge(1)] = 64
    """Length of a short life: the first steps of a full one."""
    mvt_min_alive_steps: Annotated[int, Ge(0)] = 32
    """Least number of steps alive."""
    mvt_min_action_entropy: Annotated[float, Ge(0)] = 0.0
    """Least entropy of the actions taken, in nats."""
    mvt_min_energy_gained: Annotated[float, Ge(0)] = 0.0
    """Least energy gained."""
    mvt_fail_fitness: float = -1e9
    """Fitness of a genome that fails."""

    def __post_init__(self):
        check(self)


@dataclasses.dataclass(frozen=True, kw_only=True)
class LoopConfig:
    """How long evolution runs and how often it leaves a trace on disk."""

    generations: Annotated[int, Ge(1), Le(10_000_000)] = 20
    """Generations."""
    episodes: Annotated[int, Ge(1)] = 4
    """Lives per genome per generation; all genomes live the same ones."""
    checkpoint_every: Annotated[int, Ge(1)] = 10
    """Generations per compiled chunk: a checkpoint and a log flush after each."""

    def __post_init__(self):
        check(self)


@dataclasses.dataclass(frozen=True, kw_only=True)
class EvolutionConfig:
    """Everything that decides the bits of an evolution run, but for its seed."""

    env: Any = ChemotaxisConfig()  # any of `koki2.envs.configs`
    agent: AgentConfig = AgentConfig()
    search: SearchConfig = SearchConfig()
    fitness: FitnessConfig = FitnessConfig()
    viability: ViabilityConfig = ViabilityConfig()
    loop: LoopConfig = LoopConfig()

    def __post_init__(self):
        if self.viability.mvt and self.viability.mvt_steps > self.env.steps:
            raise ValueError(
                "mvt_steps must not exceed steps, for the short life is the start of "
                f"a full one, got {self.viability.mvt_steps} of {self.env.steps}."
            )


@functools.cache
def shaped(world: type) -> type:
    """`EvolutionConfig` whose `env` is declared to be of one class.

    Plain values can be checked against it, field by field, and its defaults are that
    world's.

    Example:
      >>> shaped(ChemotaxisConfig)() == EvolutionConfig()
      False
      >>> dataclasses.asdict(shaped(ChemotaxisConfig)()) == dataclasses.asdict(
      ...     EvolutionConfig())
      True
    """
    field = ("env", world, dataclasses.field(default=world()))
    return dataclasses.make_dataclass(
        "EvolutionConfig", [field], bases=(EvolutionConfig,), frozen=True, kw_only=True
    )
