"""search: looks for better genomes. May import: core. Start at `base.Strategy`.

`make(SearchConfig(strategy="cma_es"), num_dims)` is the door; `names()` lists the
strategies, and `register_strategy` and `register_emitter` add others. What imports JAX
is exported lazily, so that the command line can answer `--help`, and refuse a bad name
by `check_strategy`, without it. `archive` keeps the best genome of every cell of a
behaviour space; `map_elites` fills it with the genomes that `emitters` try.
`contracts.strategy` checks strategies of one's own.
"""

import lazy_loader

from koki2.search.catalogue import (
    check_strategy as check_strategy,
    names as names,
    Needs as Needs,
    register_strategy as register_strategy,
    REMARKS as REMARKS,
    STRATEGIES as STRATEGIES,
    StrategyEntry as StrategyEntry,
)
from koki2.search.configs import (
    ArchiveConfig as ArchiveConfig,
    EmitterConfig as EmitterConfig,
    SearchConfig as SearchConfig,
)
from koki2.search.emitters.catalogue import register_emitter as register_emitter

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
