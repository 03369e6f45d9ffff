"""envs: worlds an agent can live in. May import: core. Start at `base.Env`.

A new world enters `registry.LEVELS` and is tested by that. The door is lazy.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "base": ["Care", "Env", "Feedback", "Policy", "Revealed"],
        "chemotaxis": ["chemotaxis", "ChemotaxisState"],
        "configs": ["ChemotaxisConfig", "ObstaclesConfig"],
        "obstacles": ["obstacles", "ObstaclesState"],
        "registry": ["CONFIGS", "find", "Level", "LEVELS", "make"],
    },
)
