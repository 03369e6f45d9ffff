"""envs: worlds an agent can live in. May import: core. Start at `base.Env`.

A new world enters `registry.WORLDS` and is tested by that. The door is lazy.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "base": ["Env", "Feedback", "Revealed"],
        "chemotaxis": ["chemotaxis", "ChemotaxisState"],
        "configs": ["ChemotaxisConfig"],
        "registry": ["WORLDS"],
    },
)
