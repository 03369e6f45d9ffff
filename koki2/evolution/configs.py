"""The knobs of evolution: fitness, viability, nursing, behaviour, loops. No JAX."""

import dataclasses
import math
import re
from typing import Annotated, Any, Literal

from annotated_types import Ge, Gt, Le

from koki2.agents.catalogue import AGENTS
from koki2.agents.configs import AgentConfig, SensesConfig
from koki2.core.configs import check, Later, ReadWhen, unread
from koki2.envs.configs import ChemotaxisConfig
from koki2.evolution.descriptor_catalogue import DESCRIPTORS
from koki2.genomes.catalogue import GENOMES
from koki2.genomes.configs import GenomeConfig
from koki2.search.configs import ArchiveConfig, EmitterConfig, SearchConfig

Probability = Annotated[float, Ge(0), Le(1)]
Phase = Annotated[float, Ge(0), Le(1)]
Factor = Annotated[float, Ge(0)]

MOST = 1_000_000
"""The greatest whole number of most knobs, as of an episode's steps: int32 counts all
of them, and what adds up beyond is counted in 64 bits."""
Steps = Annotated[int, Ge(1), Le(MOST)]
Episodes = Annotated[int, Ge(1), Le(MOST)]
_TESTED = ReadWhen("mvt", is_one_of=(True,))
_ON_RUNGS = ReadWhen("rungs", is_one_of=(True,))
_FOR_NOVELTY = ReadWhen("promote_novel_q", is_none_of=(0.0,))

NURSING_VERSION = 2  # 2: the gain on the senses is on every gradient
"""Rises when the same key and factors would give a different life."""

POLICIES = (
    *("greedy", "competent", "random", "stay", "planner"),
    *("up", "down", "left", "right", "sweep", "sweep-columns", "spiral"),
)
"""The baselines: what lives without a genome. `evolution.task` makes them. Those of the
second line, and stay, see nothing; worlds without a map have action-0, action-1, ...
in their place."""
ALSO_CALLED = {"oracle": "planner"}
"""Other names of baselines, which old commands and run folders have."""
BEST_BLIND = "blind"
"""In the place of a policy: the best of those that see nothing, on these episodes."""
_ACTION = re.compile(r"action-\d{1,9}")


def check_policy(name: str, *others: str) -> str:
    """Returns the name of a policy, or one of some others.

    Raises:
      ValueError: it is none.

    Example:
      >>> check_policy("action-3"), check_policy("oracle"), check_policy("none", "none")
      ('action-3', 'oracle', 'none')
    """
    if name in (*POLICIES, *ALSO_CALLED, *others) or _ACTION.fullmatch(name):
        return name
    known = ", ".join((*POLICIES, "action-N", *others))
    raise ValueError(f"policy must be one of {known}, got {name!r:.60}.")


@dataclasses.dataclass(frozen=True, kw_only=True)
class FitnessConfig:
    """Episode fitness: alpha * steps alive + beta * energy gained + bonus - cost."""

    fitness_alpha: float = 1.0
    """Worth of a step alive."""
    fitness_beta: float = 10.0
    """Worth of a unit of energy gained."""
    success_bonus: float = 50.0
    """Worth of ever having stood on a good source."""
    cost_weight: Annotated[float, Ge(0)] = 1.0
    """Charged per unit of what an agent's working costs, where it says so."""

    def __post_init__(self):
        check(self)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ViabilityConfig:
    """The minimal viability test: a short episode first, the full ones if it passes."""

    mvt: bool = False
    """Test viability first; what fails is not evaluated further."""
    mvt_episodes: Annotated[Episodes, _TESTED] = 2
    """Short episodes per genome; one that meets every threshold is enough."""
    mvt_steps: Annotated[Steps, _TESTED] = 64
    """Length of a short episode: the first steps of a full one."""
    mvt_min_alive_steps: Annotated[int, Ge(0), Le(MOST), _TESTED] = 32
    """Least number of steps alive."""
    mvt_min_action_entropy: Annotated[float, Ge(0), _TESTED] = 0.0
    """Least entropy of the actions taken, in nats."""
    mvt_min_energy_gained: Annotated[float, Ge(0), _TESTED] = 0.0
    """Least energy gained."""
    mvt_fail_fitness: float = -1e9
    """Fitness of a genome that fails."""

    def __post_init__(self):
        check(self)


@dataclasses.dataclass(frozen=True, kw_only=True)
class RungsConfig:
    """Rungs: a short proxy for the viable, and full episodes for those it promotes."""

    rungs: bool = False
    """Evaluate on rungs; what is not promoted does not live in full."""
    rung1_steps: Annotated[Steps, _ON_RUNGS] = 32
    """Length of a proxy episode: the first steps of a full one."""
    rung1_episodes: Annotated[Episodes, _ON_RUNGS] = 1
    """Proxy episodes per genome."""
    promote_top_p: Annotated[float, Gt(0), Le(1), _ON_RUNGS] = 0.25
    """Share of the population promoted for its fitness in proxy episodes."""
    promote_novel_q: Annotated[Probability, _ON_RUNGS] = 0.125
    """Share promoted from the rest for being unlike all others; 0: no novelty."""
    novelty_k: Annotated[int, Ge(1), Le(MOST), _ON_RUNGS, _FOR_NOVELTY] = 5
    """Nearest neighbours, among the population and the archive, that one is unlike."""
    archive_size: Annotated[int, Ge(1), Le(1_000_000), _ON_RUNGS, _FOR_NOVELTY] = 256
    """Behaviours remembered of those promoted for novelty; the oldest go first."""

    def __post_init__(self):
        check(self)
        if self.promote_top_p + self.promote_novel_q > 1:
            raise ValueError(
                "promote_top_p and promote_novel_q are shares of one population, so "
                "they must not exceed 1 together, got "
                f"{self.promote_top_p} and {self.promote_novel_q}."
            )


@dataclasses.dataclass(frozen=True, kw_only=True)
class NursingConfig:
    """How the young are treated, factor by factor, and when they reproduce.

    A factor goes smoothly from its value at birth to an adult's at its end phase, and
    is off where the two are equal. Phase is t / (T - 1), 0 to 1 over a full episode.
    """

    nurse_metabolism: Factor = 1.0
    """Factor on the cost of living at birth; below 1 is gentle."""
    nurse_metabolism_end_phi: Annotated[
        Phase, ReadWhen("nurse_metabolism", is_none_of=(1.0,))
    ] = 0.5
    """Phase from which living costs what it costs adults."""
    nurse_buffer: Probability = 0.0
    """Energy at birth that no loss can go below; an adult has none."""
    nurse_buffer_end_phi: Annotated[
        Phase, ReadWhen("nurse_buffer", is_none_of=(0.0,))
    ] = 0.5
    """Phase from which there is no buffer."""
    nurse_richness: Factor = 1.0
    """Factor on what a source gives at birth; above 1 is gentle."""
    nurse_richness_end_phi: Annotated[
        Phase, ReadWhen("nurse_richness", is_none_of=(1.0,))
    ] = 0.5
    """Phase from which sources give what they give adults."""
    nurse_hazard: Factor = 1.0
    """Factor on integrity lost at birth; below 1 is gentle."""
    nurse_hazard_end_phi: Annotated[
        Phase, ReadWhen("nurse_hazard", is_none_of=(1.0,))
    ] = 0.5
    """Phase from which harm is an adult's."""
    nurse_motor: Probability = 1.0
    """Chance at birth that an action is carried out; else the agent stays."""
    nurse_motor_end_phi: Annotated[
        Phase, ReadWhen("nurse_motor", is_none_of=(1.0,))
    ] = 0.5
    """Phase from which every action is."""
    nurse_plasticity: Factor = 1.0
    """Factor on the learning rate at birth; above 1 learns faster young."""
    nurse_plasticity_end_phi: Annotated[
        Phase, ReadWhen("nurse_plasticity", is_none_of=(1.0,))
    ] = 0.5
    """Phase from which the learning rate is an adult's."""
    nurse_sense_gain: Factor = 1.0
    """Gain at birth on the gradients: every sense that is the way to something."""
    nurse_sense_gain_end_phi: Annotated[
        Phase, ReadWhen("nurse_sense_gain", is_none_of=(1.0,))
    ] = 0.5
    """Phase from which the gain is one."""
    nurse_hazard_smell: Annotated[Factor, Later()] = 1.0
    """Gain at birth on the smell of what harms, in worlds that have one; above 1 warns
    the young."""
    nurse_hazard_smell_end_phi: Annotated[
        Phase, ReadWhen("nurse_hazard_smell", is_none_of=(1.0,)), Later()
    ] = 0.5
    """Phase from which it smells as it does to adults."""
    nurse_sense_noise: Factor = 0.0
    """Standard deviation at birth of noise on all channels; adults have none more."""
    nurse_sense_noise_end_phi: Annotated[
        Phase, ReadWhen("nurse_sense_noise", is_none_of=(0.0,))
    ] = 0.5
    """Phase from which there is none."""
    repro_phi: Phase = 0.0
    """Phase a life must reach for its genome to reproduce; 0 asks nothing."""
    early_weight: Annotated[Factor, ReadWhen("repro_phi", is_none_of=(0.0,))] = 1.0
    """Weight in fitness of a step alive, and of energy gained, before repro_phi."""

    def __post_init__(self):
        check(self)


@dataclasses.dataclass(frozen=True, kw_only=True)
class LoopConfig:
    """How long evolution runs and how often it leaves a trace on disk."""

    generations: Annotated[int, Ge(1), Le(10_000_000)] = 20
    """Generations."""
    episodes: Episodes = 4
    """Episodes per genome per generation; all genomes live the same ones."""
    checkpoint_every: Annotated[int, Ge(1)] = 10
    """Generations per compiled chunk: a checkpoint and a log flush after each."""

    def __post_init__(self):
        check(self)

    @property
    def chunk_length(self) -> int:
        """Generations in a chunk: not more than there are in all."""
        return min(self.checkpoint_every, self.generations)


@dataclasses.dataclass(frozen=True, kw_only=True)
class EvolutionConfig:
    """Everything that decides the bits of an evolution run, but for its seed."""

    env: Any = ChemotaxisConfig()  # any of `koki2.envs.configs`
    agent: AgentConfig = AgentConfig()
    senses: SensesConfig = SensesConfig()
    genome: GenomeConfig = GenomeConfig()
    search: SearchConfig = SearchConfig()
    fitness: FitnessConfig = FitnessConfig()
    viability: ViabilityConfig = ViabilityConfig()
    rungs: RungsConfig = RungsConfig()
    nursing: NursingConfig = NursingConfig()
    loop: LoopConfig = LoopConfig()

    def __post_init__(self):
        _check_lengths(self)

    def unread(self) -> dict[str, str]:
        """The settings that nothing reads in this run, and why. By dotted name."""
        return _unread(self)


def _check_lengths(config: "EvolutionConfig | QDConfig") -> None:
    """Raises ValueError where short episodes or phases do not fit the world's."""
    steps: int | str = getattr(config.env, "steps", "auto")
    limit = math.inf if isinstance(steps, str) else steps  # "auto": not yet known
    if config.viability.mvt and config.viability.mvt_steps > limit:
        raise ValueError(
            "mvt_steps must not exceed steps, for the short episode is the start "
            f"of a full one, got {config.viability.mvt_steps} of {steps}."
        )
    if config.rungs.rungs and config.rungs.rung1_steps > limit:
        raise ValueError(
            "rung1_steps must not exceed steps, for a proxy episode is the start "
            f"of a full one, got {config.rungs.rung1_steps} of {steps}."
        )
    ends_early = getattr(config.env, "terminate_on_reach", False)
    if config.nursing.repro_phi > 0 and ends_early:
        raise ValueError(
            "repro_phi must be 0 with terminate_on_reach, for an agent that succeeds "
            f"early would not reproduce, got {config.nursing.repro_phi}."
        )


@dataclasses.dataclass(frozen=True, kw_only=True)
class BehaviourConfig:
    """Which behaviour spans the archive, and in which episodes it is seen."""

    descriptors: tuple[str, ...] = ("path_entropy", "distance")
    """The dimensions of the behaviour space, each in [0, 1], means over episodes:
    path_entropy, distance, reach, end_x, end_y (these need a map), hazard_exposure,
    action_entropy, monotony, lifetime, events, or one that was registered."""
    lives: Literal["same", "fresh"] = "same"
    """same: every genome of the run lives the same episodes, so that an elite was
    fitter under common random numbers. fresh: other episodes each generation."""

    def __post_init__(self):
        for name in self.descriptors:
            DESCRIPTORS.find(name)
        if not self.descriptors or len(set(self.descriptors)) < len(self.descriptors):
            raise ValueError(
                "descriptors must be one name or more, each once, for each is a "
                "dimension of the archive, got "
                f"{', '.join(self.descriptors) or 'none'}."
            )


@dataclasses.dataclass(frozen=True, kw_only=True)
class QDConfig:
    """Everything that decides the bits of a quality-diversity run, but for its seed."""

    env: Any = ChemotaxisConfig()  # any of `koki2.envs.configs`
    agent: AgentConfig = AgentConfig()
    senses: SensesConfig = SensesConfig()
    genome: GenomeConfig = GenomeConfig()
    archive: ArchiveConfig = ArchiveConfig()
    emitter: EmitterConfig = EmitterConfig()
    behaviour: BehaviourConfig = BehaviourConfig()
    fitness: FitnessConfig = FitnessConfig()
    viability: ViabilityConfig = ViabilityConfig()
    rungs: RungsConfig = RungsConfig()
    nursing: NursingConfig = NursingConfig()
    loop: LoopConfig = LoopConfig()

    def __post_init__(self):
        _check_lengths(self)
        dims, names = self.archive.dims, self.behaviour.descriptors
        if dims != len(names):
            raise ValueError(
                "low, high and shape must have a number for each descriptor, got "
                f"{dims} for {', '.join(names)}."
            )

    def unread(self) -> dict[str, str]:
        """The settings that nothing reads in this run, and why. By dotted name."""
        no_rows = "the kind of run is qd, which tells no fitness of failures"
        return {"viability.mvt_fail_fitness": no_rows} | _unread(self)


Config = EvolutionConfig | QDConfig
"""Everything that decides the bits of some run."""


def _unread(config: Config) -> dict[str, str]:
    """Within each group, and where one group decides about another."""
    found = {
        f"{group}.{name}": why
        for group, values in vars(config).items()
        for name, why in unread(values).items()
    }
    family = AGENTS.find(config.agent.agent)
    if not family.learns(config.agent):
        for name in ("nurse_plasticity", "nurse_plasticity_end_phi"):
            found[f"nursing.{name}"] = "the agent does not learn"
    if not family.charges(config.agent):
        found["fitness.cost_weight"] = "nothing that the agent does has a cost"
    if getattr(config.env, "hazard_smell", 0.0) is None:
        for name in ("nurse_hazard_smell", "nurse_hazard_smell_end_phi"):
            found[f"nursing.{name}"] = "hazard_smell is None"
    if not GENOMES.find(config.genome.encoding).draws_wiring(config.genome):
        found["agent.topology_seed"] = "the genome draws no wiring"
    return found
