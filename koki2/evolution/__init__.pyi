"""What `koki2.evolution` exports: for its door, type checkers and editors."""

from .as_gymnax import as_gymnax as as_gymnax
from .build import build as build, build_many as build_many, setting as setting
from .carried import build_from as build_from
from .configs import (
    BehaviourConfig as BehaviourConfig,
    EvolutionConfig as EvolutionConfig,
    QDConfig as QDConfig,
)
from .descriptor_catalogue import (
    DescriptorEntry as DescriptorEntry,
    DESCRIPTORS as DESCRIPTORS,
    register_descriptor as register_descriptor,
)
from .descriptors import descriptors as descriptors
from .episode import (
    Episode as Episode,
    episode as episode,
    EpisodeState as EpisodeState,
    EpisodeStats as EpisodeStats,
    run_episode as run_episode,
)
from .estimate import estimate as estimate
from .evaluation import (
    Evaluation as Evaluation,
    Evaluator as Evaluator,
    full_episodes as full_episodes,
)
from .evolve import evolve as evolve, evolve_many as evolve_many
from .figures import (
    fitness as fitness,
    report as report,
    reports as reports,
    score as score,
)
from .judging import (
    behaviours as behaviours,
    evaluate_baseline as evaluate_baseline,
    evaluate_genome as evaluate_genome,
    judge as judge,
    judge_task as judge_task,
    judges as judges,
    named_elite as named_elite,
    watch_baseline as watch_baseline,
    watch_genome as watch_genome,
)
from .lesions import INTACT as INTACT, LesionError as LesionError, OTHER as OTHER
from .qd import illuminate as illuminate, illuminate_many as illuminate_many
from .rollout import Layout as Layout, rollout as rollout, WIDE as WIDE
from .successive_halving import successive_halving as successive_halving
from .task import make_task as make_task, Task as Task
from .viability import (
    Viability as Viability,
    viability as viability,
    with_viability as with_viability,
)
from .watch import NoMapError as NoMapError, watch as watch
