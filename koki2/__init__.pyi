"""What `koki2` exports: for its door, type checkers and editors."""

from . import (
    agents as agents,
    envs as envs,
    evolution as evolution,
    genomes as genomes,
    search as search,
)
from .agents.catalogue import register_agent as register_agent
from .agents.configs import AgentConfig as AgentConfig, SensesConfig as SensesConfig
from .core.program import Program as Program
from .envs.base import (
    BodyFeedback as BodyFeedback,
    Env as Env,
    Feedback as Feedback,
    MapEnv as MapEnv,
)
from .envs.registry import register_world as register_world
from .evolution.build import build as build
from .evolution.configs import (
    EvolutionConfig as EvolutionConfig,
    FitnessConfig as FitnessConfig,
    LoopConfig as LoopConfig,
    QDConfig as QDConfig,
)
from .evolution.descriptor_catalogue import register_descriptor as register_descriptor
from .evolution.evaluation import full_episodes as full_episodes
from .evolution.evolve import evolve as evolve
from .evolution.figures import score as score
from .evolution.qd import illuminate as illuminate
from .evolution.successive_halving import successive_halving as successive_halving
from .evolution.task import make_task as make_task
from .evolution.viability import with_viability as with_viability
from .genomes.catalogue import register_genome as register_genome
from .genomes.configs import GenomeConfig as GenomeConfig
from .search.catalogue import register_strategy as register_strategy
from .search.configs import (
    ArchiveConfig as ArchiveConfig,
    EmitterConfig as EmitterConfig,
    SearchConfig as SearchConfig,
)
from .search.emitters.catalogue import register_emitter as register_emitter
from .search.map_elites import map_elites as map_elites
from .session.python import (
    evaluate as evaluate,
    load as load,
    probe as probe,
    run as run,
)
