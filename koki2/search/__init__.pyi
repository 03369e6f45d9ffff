"""What `koki2.search` exports: for its door, type checkers and editors."""

from . import archive as archive, emitters as emitters
from .base import Strategy as Strategy
from .catalogue import (
    check_strategy as check_strategy,
    names as names,
    Needs as Needs,
    register_strategy as register_strategy,
    REMARKS as REMARKS,
    STRATEGIES as STRATEGIES,
    StrategyEntry as StrategyEntry,
)
from .configs import (
    ArchiveConfig as ArchiveConfig,
    EmitterConfig as EmitterConfig,
    SearchConfig as SearchConfig,
)
from .emitters.catalogue import register_emitter as register_emitter
from .map_elites import map_elites as map_elites, MapElites as MapElites
from .mu_plus_lambda import mu_plus_lambda as mu_plus_lambda
from .openai_es import openai_es as openai_es, OpenAIESState as OpenAIESState
from .ranks import centred_ranks as centred_ranks
from .registry import make as make
