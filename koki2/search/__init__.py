"""search: looks for better genomes. May import: core. Start at `base.Strategy`.

`make(SearchConfig(strategy="cma_es"), num_dims)` is the door; `names()` says what else
may stand there. What imports JAX is exported lazily, so that the command line can
answer `--help`, and refuse a bad name by `check_strategy`, without it. `archive` keeps
the best of every way to behave, `map_elites` fills it with what `emitters` try.
"""

import lazy_loader

from koki2.search.catalogue import (
    check_strategy as check_strategy,
    names as names,
    REMARKS as REMARKS,
)
from koki2.search.configs import (
    ArchiveConfig as ArchiveConfig,
    EmitterConfig as EmitterConfig,
    SearchConfig as SearchConfig,
)

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=["archive", "emitters"],
    submod_attrs={
        "base": ["Strategy"],
        "map_elites": ["map_elites", "MapElites"],
        "mu_plus_lambda": ["mu_plus_lambda"],
        "openai_es": ["openai_es", "OpenAIESState"],
        "ranks": ["centred_ranks"],
        "registry": ["make"],
    },
)
__all__ += [
    "ArchiveConfig",
    "EmitterConfig",
    "REMARKS",
    "SearchConfig",
    "check_strategy",
    "names",
]
